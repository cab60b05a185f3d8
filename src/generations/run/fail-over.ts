import { ProviderError, type ProviderErrorKind, providerErrorKinds } from '../../domain/provider-error.ts'
import type { ProviderId } from '../../domain/provider-id.ts'
import type { Status } from '../../providers/provider.ts'
import type { Generation } from '../model/generation.ts'
import { FailOver, Outcome } from '../model/outcome.ts'
import type { Attempt } from '../store/attempts.ts'

/** How often a request is sent to the same provider, if no other is left and each time it was rate limited. */
const attemptsWhenRateLimited = 3

/** What they say is about the request itself: no other provider would make it. */
const contentKinds: readonly ProviderErrorKind[] = ['moderation', 'invalid_input']

export interface RefusedAttempt {
  generation: Generation
  /** All attempts of the generation, this one included. */
  attempts: readonly Attempt[]
  error: ProviderError
  /** Refused before the billable call: then nothing can have been accepted, whatever the error. */
  nothingSent?: boolean | undefined
}

/** On to the other candidates if this refusal permits it and one is left; otherwise the end, with nothing charged. */
export function afterRefusal({ generation, attempts, error, nothingSent = false }: RefusedAttempt): FailOver | Outcome {
  const maySwitch = (error.failoverSafe || nothingSent) && error.kind !== 'moderation'
  const [first, ...others] = maySwitch ? untried(generation, attempts) : []
  if (first !== undefined) return new FailOver([first, ...others], error)
  if (maySwitch && mayRepeat(attempts, error)) return new FailOver([error.provider], error)
  return withDecidingReason(attempts, error)
}

/**
 * The provider accepted the job and failed at it. Where it certainly billed nothing, and the content was not the reason, the other candidates may make
 * the clip; once, because a request that fails everywhere must not keep a slot at every provider. Where it may have billed, the guild pays nothing and
 * the installation assumes that it did.
 */
export function afterFailedJob(
  { generation, attempts }: Pick<RefusedAttempt, 'generation' | 'attempts'>,
  { error, billed }: Extract<Status, { state: 'failed' }>,
): FailOver | Outcome {
  if (billed !== false) return new Outcome('failed', error.kind, billed ? 'refund' : 'assume', { cause: error })
  const failedBefore = attempts.some(({ state }) => state === 'failed')
  const maySwitch = !failedBefore && !contentKinds.includes(error.kind)
  const [first, ...others] = maySwitch ? untried(generation, attempts) : []
  if (first !== undefined) return new FailOver([first, ...others], error)
  return withDecidingReason(attempts, error)
}

/** A refusal of an earlier process, as far as it was stored. */
export function storedRefusal({ provider, endReason }: Attempt): ProviderError {
  const kind = providerErrorKinds.find((known) => known === endReason) ?? 'unavailable'
  return new ProviderError({ provider, kind, failoverSafe: kind !== 'moderation' })
}

function untried({ candidates, provider }: Generation, attempts: readonly Attempt[]): ProviderId[] {
  const tried = new Set([provider, ...attempts.map((attempt) => attempt.provider)])
  return candidates.filter((id) => !tried.has(id))
}

function mayRepeat(attempts: readonly Attempt[], { kind, provider }: ProviderError): boolean {
  return kind === 'rate_limited' && attempts.filter((attempt) => attempt.provider === provider).length < attemptsWhenRateLimited
}

/**
 * No provider is left, so the member reads why: what a provider said about the request itself decides, then trouble with the operator's account, then
 * what passes by itself. Of several that say the same, the last.
 */
function withDecidingReason(attempts: readonly Attempt[], error: ProviderError): Outcome {
  const earlier = attempts.flatMap(({ provider, endReason }) => {
    const kind = providerErrorKinds.find((known) => known === endReason)
    return kind ? [{ provider, kind }] : []
  })
  const reasons: Pick<ProviderError, 'provider' | 'kind'>[] = [...earlier, error]
  const { provider, kind } = reasons.reduce((decisive, reason) => (weightOf(reason.kind) >= weightOf(decisive.kind) ? reason : decisive))
  return new Outcome('failed', kind, 'release', { cause: error, provider })
}

function weightOf(kind: ProviderErrorKind): number {
  if (contentKinds.includes(kind)) return 2
  return kind === 'auth' || kind === 'no_credit' ? 1 : 0
}
