import type { z } from 'zod'

import type { ProviderVariables } from '../config/provider-config.ts'
import type { ClipRequest } from '../domain/clip-request.ts'
import type { MicroUsd } from '../domain/money.ts'
import type { Capabilities, Provider } from './provider.ts'
import type { ProviderContext } from './shared/http.ts'

/** What a provider is created with: the operator's key, and where its services are. */
export interface ProviderAccount<Origin extends string = string> {
  apiKey: string
  /** Scheme, host and port, by the names in the descriptor. */
  origins: Readonly<Record<Origin, string>>
}

/** Everything that is known of a provider before there is a key for it. One per folder, listed in registry.ts. */
export interface ProviderDescriptor extends ProviderVariables {
  /** The name that members and operators read. */
  readonly name: string
  readonly capabilities: Capabilities
  /** Milliseconds from a job's end for which the provider certainly serves its clip. Where that is not documented, the shortest time reported. */
  readonly outputLifetimeMs: number
  /** The origins of the live services. */
  readonly origins: Readonly<Record<string, string>>
  create(account: ProviderAccount & { options: Readonly<Record<string, unknown>> }, context: ProviderContext): Provider
}

/** Checks that `create` only uses origins and options that the descriptor itself declares. */
export function defineProvider<Origin extends string, Options extends z.ZodObject>(
  descriptor: Omit<ProviderDescriptor, 'origins' | 'options' | 'create'> & {
    readonly origins: Readonly<Record<Origin, string>>
    readonly options?: Options
    create(account: ProviderAccount<Origin> & { options: z.output<Options> }, context: ProviderContext): Provider
  },
): ProviderDescriptor {
  return descriptor
}

/** The model is billed per second of the clip: $0.07 on every provider so far (docs/providers.md). */
export const microUsdPerSecond: MicroUsd = 70_000

export function pricePerSecond({ durationSeconds }: Pick<ClipRequest, 'durationSeconds'>): MicroUsd {
  return durationSeconds * microUsdPerSecond
}
