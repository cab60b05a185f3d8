import Bottleneck from 'bottleneck'

import { type ProviderId, providerIds } from '../domain/provider-id.ts'
import { falCapabilities, type FalOptions, FalProvider } from './fal/adapter.ts'
import type { ProviderWire } from './http.ts'
import type { Capabilities, Provider } from './provider.ts'
import { replicateCapabilities, type ReplicateOptions, ReplicateProvider } from './replicate/adapter.ts'

/** Key and origins of each host that is configured. */
export interface ProviderAccounts {
  fal?: Pick<FalOptions, 'apiKey' | 'origins'> | undefined
  replicate?: Pick<ReplicateOptions, 'apiKey' | 'origins'> | undefined
}

/** What every host can do, with or without a key for it: a refusal names who could. */
export const capabilitiesOf: Readonly<Record<ProviderId, Capabilities>> = { fal: falCapabilities, replicate: replicateCapabilities }

export interface Providers {
  /** Those with an account, in the order of `providerIds`. */
  all(): readonly Provider[]
  /** The hosts of this order that have an account; what is named but not configured is left out. */
  inOrder(order: readonly ProviderId[]): readonly Provider[]
  /** For a job that a host holds already. */
  find(id: ProviderId): Provider | undefined
  /** Turns away the calls that wait for their turn. */
  close(): Promise<void>
}

/** Makes the adapters of all configured hosts, each with its own pace. */
export function createProviders(accounts: ProviderAccounts, wire: Omit<ProviderWire, 'limiter'>): Providers {
  const limiters: Bottleneck[] = []
  const paced = (): ProviderWire => {
    // Far below every host's own limit (Replicate: 3,000 calls a minute), and enough to follow hundreds of jobs.
    const limiter = new Bottleneck({ maxConcurrent: 32, minTime: 25 })
    limiters.push(limiter)
    return { ...wire, limiter }
  }
  const made = new Map<ProviderId, Provider>()
  if (accounts.fal) made.set('fal', new FalProvider({ ...accounts.fal, ...paced() }))
  if (accounts.replicate) made.set('replicate', new ReplicateProvider({ ...accounts.replicate, ...paced() }))

  const inOrder = (order: readonly ProviderId[]) => order.map((id) => made.get(id)).filter((provider) => provider !== undefined)
  return {
    all: () => inOrder(providerIds),
    inOrder,
    find: (id) => made.get(id),
    async close() {
      await Promise.all(limiters.map((limiter) => limiter.stop({ dropWaitingJobs: true }).catch(() => undefined)))
    },
  }
}
