import { inspect } from 'node:util'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { ProviderError } from '../../src/domain/provider-error.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import type { ProviderDescriptor } from '../../src/providers/descriptor.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { createInstantClock } from '../support/clocks/instant-clock.ts'
import { type ScriptedProvider, startScriptedProvider } from '../support/providers/scripted-provider.ts'
import { describeBillableCall } from './provider-billable-call.ts'
import { describeLostResponses } from './provider-lost-responses.ts'
import { describeProbe } from './provider-probe.ts'
import { image, request } from './provider-samples.ts'
import type { MakeStandIn, ProviderStage, ProviderStandIn } from './provider-stand-in.ts'
import { describeStatus } from './provider-status.ts'
import { describeSubmissions } from './provider-submissions.ts'
import { describeCancel, describePreparation } from './provider-uploads-and-cancels.ts'
import { describeWebhooks } from './provider-webhooks.ts'

/** What every provider promises (`src/providers/provider.ts`), over real sockets. */
export function describeProviderContract(descriptor: ProviderDescriptor, makeStandIn: MakeStandIn): void {
  describe(`${descriptor.id} keeps the provider contract`, () => {
    const stage = setStage(descriptor, makeStandIn)
    const { signal } = new AbortController()

    it.each([
      [5, 350_000],
      [10, 700_000],
    ] as const)('charges for %i seconds %i micro-dollars', (durationSeconds, price) => {
      expect(stage.provider.price({ ...request, durationSeconds })).toBe(price)
    })

    it('sends the key with every call to the provider, and nowhere else', async () => {
      stage.standIn.uploads()
      stage.standIn.job('completed')
      if (stage.standIn.routes.cancel && stage.standIn.cancelAccepted)
        stage.server.on(stage.standIn.routes.cancel, stage.standIn.cancelAccepted)
      await stage.provider.prepare(image, { signal })
      await stage.start()
      await stage.provider.status(stage.standIn.operation, { signal })
      await stage.provider.cancel?.(stage.standIn.operation, { signal })
      stage.server.on(stage.standIn.probe.route, stage.standIn.probe.up)
      await stage.provider.probe({ signal })
      const ticketed = stage.standIn.routes.upload.slice(1)
      expect(stage.server.requests.length).toBeGreaterThan(2)
      for (const { route, headers } of stage.server.requests) {
        const isTicketed = ticketed.includes(route)
        expect(headers.authorization?.includes(stage.standIn.key) ?? false).toBe(!isTicketed)
        expect(JSON.stringify(headers).includes(stage.standIn.key)).toBe(!isTicketed)
      }
    })

    describeBillableCall(stage)
    describeProbe(stage)
    describeStatus(stage)
    describePreparation(stage)
    describeCancel(stage)
    describeSubmissions(stage)
    describeWebhooks(stage)
    describeLostResponses(stage)
  })
}

function setStage(descriptor: ProviderDescriptor, makeStandIn: MakeStandIn): ProviderStage {
  let network: Network
  let server: ScriptedProvider
  let standIn: ProviderStandIn
  let provider: Provider
  let clock: ReturnType<typeof createInstantClock>
  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    server = await startScriptedProvider()
    standIn = makeStandIn(server)
    clock = createInstantClock()
    provider = stage.make(server.origin)
    server.on(standIn.routes.submit, standIn.submitted)
  })
  afterEach(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
  })
  const stage: ProviderStage = {
    get server() {
      return server
    },
    get provider() {
      return provider
    },
    get standIn() {
      return standIn
    },
    get clock() {
      return clock
    },
    make(origin, context) {
      const origins = Object.fromEntries(Object.keys(descriptor.origins).map((name) => [name, origin]))
      const options = descriptor.options?.parse({}) ?? {}
      return descriptor.create({ apiKey: standIn.key, origins, options }, { network, clock, random: () => 0.5, ...context })
    },
    start(from = provider, { signal = new AbortController().signal } = {}) {
      return from.start(request, {}, { attemptId: 'attempt-1', signal })
    },
    async failureOf(call) {
      const error = await call.then(
        () => expect.unreachable('the call succeeded'),
        (reason: unknown) => reason,
      )
      if (!(error instanceof ProviderError)) throw error
      expect(error.provider).toBe(provider.id)
      stage.expectHarmless(error)
      return error
    },
    expectHarmless(error) {
      const everything = inspect(error, { depth: 20, showHidden: true }) + JSON.stringify(error)
      const secrets = [request.prompt, standIn.key, 'secret', server.origin.replace('http://', '')]
      for (const secret of secrets) expect(everything).not.toContain(secret)
    },
  }
  return stage
}
