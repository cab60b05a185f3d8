import { z } from 'zod'

import type { ProviderId } from '../domain/provider-id.ts'
import { wholeNumber } from './env-schema.ts'
import { type Environment, parseVariables, readVariable } from './environment.ts'

/** The variables of one provider: the part of its descriptor that the environment is read with. */
export interface ProviderVariables {
  readonly id: ProviderId
  /** The variable that holds the key, named as in the provider's own tools. */
  readonly keyVariable: string
  /** Jobs that a new account may run at once. `<ID>_CONCURRENCY` overrides it. */
  readonly concurrency: number
  /** Create calls that a new account may make in a minute. `<ID>_CREATES_PER_MINUTE` overrides it. */
  readonly createsPerMinute: number
  /** Variables that only this provider has. */
  readonly options?: z.ZodObject
}

/** A provider that the operator has a key for. */
export interface ProviderConfig {
  id: ProviderId
  apiKey: string
  /** Jobs that may run there at once. */
  concurrency: number
  createsPerMinute: number
  /** The values of the provider's own variables, by name. */
  options: Readonly<Record<string, unknown>>
}

/** Reads the providers that have a key. Variables of the others are ignored. Problems are added to the list. */
export function readProviders(environment: Environment, known: readonly ProviderVariables[], problems: string[]): ProviderConfig[] {
  const configured = known.flatMap((provider) => {
    const apiKey = readVariable(environment, provider.keyVariable)
    return apiKey === undefined ? [] : [{ provider, apiKey }]
  })
  if (configured.length === 0) {
    const names = known.map(({ keyVariable }) => keyVariable).join(', ')
    problems.push(`No provider key is set: clips are made by a provider. Set one of ${names} (README, "Connect the real Discord").`)
  }
  return configured.map(({ provider, apiKey }) => {
    const limits = Object.values(parseVariables(limitVariables(provider), environment, problems) ?? {})
    const [concurrency = provider.concurrency, createsPerMinute = provider.createsPerMinute] = limits
    return {
      ...{ id: provider.id, apiKey, concurrency, createsPerMinute },
      options: (provider.options && parseVariables(provider.options, environment, problems)) ?? {},
    }
  })
}

/** The configured providers in the operator's order, which may leave some out. Problems are added to the list. */
export function orderProviders(
  configured: readonly ProviderConfig[],
  order: readonly ProviderId[],
  known: readonly ProviderVariables[],
  problems: string[],
): ProviderConfig[] {
  const ids = known.map(({ id }) => id)
  if (order.some((id) => !ids.includes(id)) || new Set(order).size < order.length) {
    problems.push(`PROVIDERS is a list of ${ids.join(', ')}, each at most once.`)
    return []
  }
  return order.flatMap((id) => {
    const provider = configured.find((candidate) => candidate.id === id)
    const variable = known.find((candidate) => candidate.id === id)?.keyVariable
    if (!provider) problems.push(`PROVIDERS names ${id}, but ${variable} is not set: set the key, or take ${id} off the list.`)
    return provider ?? []
  })
}

/** Every variable that is read for this provider. */
export function variablesOf(provider: ProviderVariables): string[] {
  return [provider.keyVariable, ...Object.keys({ ...limitVariables(provider).shape, ...provider.options?.shape })]
}

function limitVariables({ id, concurrency, createsPerMinute }: ProviderVariables) {
  return z.object({
    [`${id.toUpperCase()}_CONCURRENCY`]: wholeNumber(1, 1000).default(concurrency),
    [`${id.toUpperCase()}_CREATES_PER_MINUTE`]: wholeNumber(1, 10_000).default(createsPerMinute),
  })
}
