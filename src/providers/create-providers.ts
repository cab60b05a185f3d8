import type Bottleneck from 'bottleneck'

import type { Origins } from '../config/config.ts'
import type { ProviderConfig } from '../config/provider-config.ts'
import type { ProviderId } from '../domain/provider-id.ts'
import type { ProviderDescriptor } from './descriptor.ts'
import type { Provider } from './provider.ts'
import type { ProviderContext } from './shared/http.ts'
import { closeLimiter, createLimiter } from './shared/limiter.ts'

export interface ProvidersOptions {
  descriptors: readonly ProviderDescriptor[]
  /** The providers that there is a key for. */
  accounts: readonly Pick<ProviderConfig, 'id' | 'apiKey' | 'options'>[]
  origins: Pick<Origins, 'providers'>
}

export interface Providers {
  /** In the order of the accounts. */
  byId: ReadonlyMap<ProviderId, Provider>
  /** Milliseconds for which each serves its clips. */
  outputLifetimes: ReadonlyMap<ProviderId, number>
  /** Rejects the calls that still wait for their limiter. */
  close(): Promise<void>
}

/** Creates every provider that there is an account for, each with a limiter of its own. */
export function createProviders(
  { descriptors, accounts, origins }: ProvidersOptions,
  context: Omit<ProviderContext, 'limiter'>,
): Providers {
  const limiters: Bottleneck[] = []
  const byId = new Map<ProviderId, Provider>()
  for (const { id, apiKey, options } of accounts) {
    const descriptor = descriptors.find((candidate) => candidate.id === id)
    const providerOrigins = origins.providers ? origins.providers[id] : descriptor?.origins
    // Falling back to the live service would send a sandbox's requests there.
    if (!descriptor || !providerOrigins) throw new Error(`the provider ${id} has no ${descriptor ? 'origins' : 'descriptor'}`)
    const limiter = createLimiter()
    limiters.push(limiter)
    byId.set(id, descriptor.create({ apiKey, origins: providerOrigins, options }, { ...context, limiter }))
  }
  return {
    byId,
    outputLifetimes: new Map(descriptors.map(({ id, outputLifetimeMs }) => [id, outputLifetimeMs])),
    async close() {
      await Promise.all(limiters.map(closeLimiter))
    },
  }
}
