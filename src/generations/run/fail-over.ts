import { ProviderError, providerErrorKinds } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Generation } from '../model/generation.ts'
import { FailOver, Outcome } from '../model/outcome.ts'
import type { Attempt } from '../store/attempts.ts'
import type { RunContext } from './context.ts'

/** How often a request is sent to the same provider, if no other is left and each time it was rate limited. */
const attemptsWhenRateLimited = 3

export interface RefusedAttempt {
  generation: Generation
  /** All attempts of the generation, this one included. */
  attempts: readonly Attempt[]
  error: ProviderError
  /** Refused before the billable call: then nothing can have been accepted, whatever the error. */
  nothingSent?: boolean | undefined
}

/** The next provider if this refusal permits it and one is left; otherwise the end, with nothing charged. */
export function afterRefusal(
  { generation, attempts, error, nothingSent = false }: RefusedAttempt,
  context: RunContext,
): FailOver | Outcome {
  const maySwitch = (error.failoverSafe || nothingSent) && error.kind !== 'moderation'
  const next = maySwitch ? (untriedProvider(generation, attempts, context) ?? sameProvider(generation, attempts, error)) : undefined
  return next ? new FailOver(next, error) : new Outcome('failed', error.kind, 'release', { cause: error })
}

/** A refusal of an earlier process, as far as it was stored. */
export function storedRefusal({ provider, endReason }: Attempt): ProviderError {
  const kind = providerErrorKinds.find((known) => known === endReason) ?? 'unavailable'
  return new ProviderError({ provider, kind, failoverSafe: kind !== 'moderation' })
}

function untriedProvider(generation: Generation, attempts: readonly Attempt[], { providers, router }: RunContext): ProviderId | undefined {
  const tried = new Set(attempts.map(({ provider }) => provider))
  const untried = generation.candidates.filter((id) => !tried.has(id) && id !== generation.provider && providers.has(id))
  return untried.find((id) => !router.isOut(id)) ?? untried[0]
}

function sameProvider(generation: Generation, attempts: readonly Attempt[], error: ProviderError): ProviderId | undefined {
  const count = attempts.filter(({ provider }) => provider === generation.provider).length
  return error.kind === 'rate_limited' && count < attemptsWhenRateLimited ? generation.provider : undefined
}
