import Bottleneck from 'bottleneck'

import { type ProviderId, providerIds } from '../domain/provider-id.ts'
import { eachlabsCapabilities, type EachlabsOptions, EachlabsProvider } from './eachlabs/adapter.ts'
import { falCapabilities, type FalOptions, FalProvider } from './fal/adapter.ts'
import type { ProviderWire } from './shared/http.ts'
import type { Capabilities, Provider } from './provider.ts'
import { replicateCapabilities, type ReplicateOptions, ReplicateProvider } from './replicate/adapter.ts'
import { runwareCapabilities, type RunwareOptions, RunwareProvider } from './runware/adapter.ts'
import { waveSpeedCapabilities, type WaveSpeedOptions, WaveSpeedProvider } from './wavespeed/adapter.ts'

/** Where each provider is reached. */
export interface ProviderOrigins {
  fal: FalOptions['origins']
  replicate: ReplicateOptions['origins']
  wavespeed: WaveSpeedOptions['origins']
  runware: RunwareOptions['origins']
  eachlabs: EachlabsOptions['origins']
}

/** What the operator can choose of a provider beyond its key. */
export interface ProviderChoices {
  runware?: Pick<RunwareOptions, 'output' | 'safety'> | undefined
}

export interface ProviderSettings {
  /** Those with a key. */
  accounts: readonly { id: ProviderId; apiKey: string }[]
  origins: ProviderOrigins
  choices?: ProviderChoices | undefined
}

type MakeProvider = (apiKey: string, settings: ProviderSettings, wire: ProviderWire) => Provider

const makers: Readonly<Record<ProviderId, MakeProvider>> = {
  fal: (apiKey, { origins }, wire) => new FalProvider({ apiKey, origins: origins.fal, ...wire }),
  replicate: (apiKey, { origins }, wire) => new ReplicateProvider({ apiKey, origins: origins.replicate, ...wire }),
  wavespeed: (apiKey, { origins }, wire) => new WaveSpeedProvider({ apiKey, origins: origins.wavespeed, ...wire }),
  runware: (apiKey, { origins, choices }, wire) => new RunwareProvider({ apiKey, origins: origins.runware, ...choices?.runware, ...wire }),
  eachlabs: (apiKey, { origins }, wire) => new EachlabsProvider({ apiKey, origins: origins.eachlabs, ...wire }),
}

/** What every provider can do, with or without a key for it: a refusal names who could. */
export const capabilitiesOf: Readonly<Record<ProviderId, Capabilities>> = {
  fal: falCapabilities,
  replicate: replicateCapabilities,
  wavespeed: waveSpeedCapabilities,
  runware: runwareCapabilities,
  eachlabs: eachlabsCapabilities,
}

export interface Providers {
  /** Those with an account, in the order of `providerIds`. */
  all(): readonly Provider[]
  /** The providers of this order that have an account; what is named but not configured is left out. */
  inOrder(order: readonly ProviderId[]): readonly Provider[]
  /** For a job that a provider holds already. */
  find(id: ProviderId): Provider | undefined
  /** Turns away the calls that wait for their turn. */
  close(): Promise<void>
}

/** Makes the adapters of all configured providers, each with its own pace. */
export function createProviders(settings: ProviderSettings, wire: Omit<ProviderWire, 'limiter'>): Providers {
  const limiters: Bottleneck[] = []
  const made = new Map<ProviderId, Provider>()
  for (const { id, apiKey } of settings.accounts) {
    // Far below every provider's own limit (Replicate: 3,000 calls a minute), and enough to follow hundreds of jobs.
    const limiter = new Bottleneck({ maxConcurrent: 32, minTime: 25 })
    limiters.push(limiter)
    made.set(id, makers[id](apiKey, settings, { ...wire, limiter }))
  }

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
