import { circuitBreaker, type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, handleWhen, isBrokenCircuitError } from 'cockatiel'

import { ProviderError, type ProviderErrorKind } from '../domain/provider-error.ts'
import type { ProviderId } from '../domain/provider-id.ts'
import type { Clock } from '../lib/clock.ts'
import type { Provider } from './provider.ts'

/** Decides which provider is used, and which is avoided for a while. */
export interface Router {
  /**
   * Sorts the providers by preference: in the chosen order, or else the cheapest first, then the fastest. Those that are out come last: if no other
   * provider can make the clip, the member is told why they cannot.
   */
  order(providers: readonly Provider[], requirements: RouteRequirements): Provider[]
  /** Makes a call to a provider and learns from its result. Rejects without a call while the provider is out, so another may be used. */
  call<Result>(provider: Provider, work: () => Promise<Result>): Promise<Result>
  /** The same for an upload: its failure counts, but its success does not, because it says nothing about the calls that matter. */
  prepare<Result>(provider: Provider, work: () => Promise<Result>): Promise<Result>
  /** Avoids the provider until then (milliseconds since the epoch), because it asked us to wait. */
  rest(id: ProviderId, until: number): void
  isOut(id: ProviderId): boolean
}

export interface RouteRequirements {
  /** An explicit order; providers that it does not name come after it. */
  chosen?: readonly ProviderId[] | undefined
  price: (provider: Provider) => number
  /** Milliseconds that a clip is expected to take there. */
  expectedMs: (provider: Provider) => number
}

export interface RouterOptions {
  clock: Clock
  /** Called each time a provider is avoided for a reason that only the operator can remove: `auth` or `no_credit`. */
  onOperatorNeeded: (id: ProviderId, kind: ProviderErrorKind) => void
}

/** This many failures in a row open the circuit; after the pause, one call tests whether the provider has recovered. */
const failuresToOpen = 5
const halfOpenAfterMs = 30_000
/** Keys and accounts are repaired by people: testing more often would only fill the log. */
const operatorPauseMs = 10 * 60_000

const providerTrouble = new Set<ProviderErrorKind>(['unavailable', 'timeout', 'submission_unknown'])
const operatorTrouble = new Set<ProviderErrorKind>(['auth', 'no_credit'])

export function createRouter({ clock, onOperatorNeeded }: RouterOptions): Router {
  const breakers = new Map<ProviderId, { policy: CircuitBreakerPolicy; openedAt: number }>()
  const pauses = new Map<ProviderId, { until: number; kind: ProviderErrorKind }>()
  const restsUntil = new Map<ProviderId, number>()

  function breakerOf(id: ProviderId): { policy: CircuitBreakerPolicy; openedAt: number } {
    const existing = breakers.get(id)
    if (existing) return existing
    const isFailure = handleWhen((error) => error instanceof ProviderError && providerTrouble.has(error.kind))
    const policy = circuitBreaker(isFailure, { halfOpenAfter: halfOpenAfterMs, breaker: new ConsecutiveBreaker(failuresToOpen) })
    const breaker = { policy, openedAt: 0 }
    policy.onBreak(() => (breaker.openedAt = performance.now()))
    breakers.set(id, breaker)
    return breaker
  }

  function pauseOf(id: ProviderId): ProviderErrorKind | undefined {
    const pause = pauses.get(id)
    return pause && pause.until > clock.now() ? pause.kind : undefined
  }

  /** True only during the pause: a provider that always came last would never be tested again. */
  function isOpen(id: ProviderId): boolean {
    const { policy, openedAt } = breakerOf(id)
    return policy.state === CircuitState.Open && performance.now() < openedAt + halfOpenAfterMs
  }

  function refuseIfPaused({ id }: Provider): void {
    const kind = pauseOf(id)
    if (kind) throw refusal(id, kind)
  }

  /** Records the failure and returns the error for the caller. */
  function learn({ id }: Provider, error: unknown): unknown {
    if (isBrokenCircuitError(error)) return refusal(id, 'unavailable')
    if (error instanceof ProviderError && operatorTrouble.has(error.kind)) {
      pauses.set(id, { until: clock.now() + operatorPauseMs, kind: error.kind })
      onOperatorNeeded(id, error.kind)
    }
    return error
  }

  const isOut = (id: ProviderId) => pauseOf(id) !== undefined || isOpen(id) || (restsUntil.get(id) ?? 0) > clock.now()

  return {
    isOut,

    rest: (id, until) => void restsUntil.set(id, Math.max(until, restsUntil.get(id) ?? 0)),

    order: (providers, { chosen, price, expectedMs }) => {
      const rank = (provider: Provider): [number, number, number] => {
        const out = isOut(provider.id) ? 1 : 0
        if (!chosen) return [out, price(provider), expectedMs(provider)]
        const position = chosen.indexOf(provider.id)
        return [out, position === -1 ? chosen.length : position, 0]
      }
      return [...providers].sort((left, right) => {
        const [a, b] = [rank(left), rank(right)]
        return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
      })
    },

    call: async (provider, work) => {
      refuseIfPaused(provider)
      try {
        return await breakerOf(provider.id).policy.execute(work)
      } catch (error) {
        throw learn(provider, error)
      }
    },

    prepare: async (provider, work) => {
      refuseIfPaused(provider)
      if (isOpen(provider.id)) throw refusal(provider.id, 'unavailable')
      try {
        return await work()
      } catch (error) {
        // Counted by the breaker, which throws the same error again, or that it was open already.
        await breakerOf(provider.id)
          .policy.execute(() => Promise.reject(error as Error))
          .catch(() => undefined)
        throw learn(provider, error)
      }
    },
  }
}

/** No call was made. */
function refusal(provider: ProviderId, kind: ProviderErrorKind): ProviderError {
  return new ProviderError({ provider, kind, failoverSafe: true })
}
