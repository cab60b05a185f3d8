import { afterEach, beforeEach } from 'vitest'

import { createNetwork, type Network } from '../../src/network/network.ts'
import type { ProviderContext } from '../../src/providers/shared/http.ts'
import { createInstantClock } from '../support/clocks/instant-clock.ts'
import { type ScriptedProvider, startScriptedProvider } from '../support/providers/scripted-provider.ts'

export interface ProviderStage<Created> {
  /** In place of the provider's services. */
  readonly server: ScriptedProvider
  /** A server that is not the provider's. */
  readonly elsewhere: ScriptedProvider
  readonly provider: Created
  /** One more provider on the same server. */
  create(context?: Partial<ProviderContext>): Created
}

/** A provider and the servers that it can reach, new for each test of the file. `script` prepares the provider's server. */
export function setUpProvider<Created>(
  createAt: (origin: string, context: ProviderContext) => Created,
  script: (server: ScriptedProvider) => void = () => undefined,
): ProviderStage<Created> {
  let network: Network
  let server: ScriptedProvider
  let elsewhere: ScriptedProvider
  let provider: Created
  const create = (context: Partial<ProviderContext> = {}) =>
    createAt(server.origin, { network, clock: createInstantClock(), random: () => 0.5, ...context })
  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    server = await startScriptedProvider()
    elsewhere = await startScriptedProvider()
    script(server)
    provider = create()
  })
  afterEach(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
    await elsewhere[Symbol.asyncDispose]()
  })
  return {
    create,
    get server() {
      return server
    },
    get elsewhere() {
      return elsewhere
    },
    get provider() {
      return provider
    },
  }
}
