import { circuitBreaker, type CircuitBreakerPolicy, CircuitState, ConsecutiveBreaker, handleWhen, isBrokenCircuitError } from 'cockatiel'

import type { Clock } from '../lib/clock.ts'
import { ProviderError, type ProviderErrorKind } from '../domain/provider-error.ts'
import type { ProviderId } from '../domain/provider-id.ts'
import type { Provider } from './provider.ts'

/** Which provider is asked, and which is left alone for a while. */
export interface Router {
  /**
   * The providers in the order in which they should be asked. A chosen order is kept; else the healthy come first, then the cheap, then the quick. Those
   * that are out stay at the end: where nobody else can do it, the member gets their reason.
   */
  order(providers: readonly Provider[], wish: RouteRequirements): Provider[]
  /** Makes a call to a provider and learns from how it ends. A provider that is out refuses at once: no call is made, so another may be asked. */
  call<Result>(provider: Provider, work: () => Promise<Result>): Promise<Result>
  /**
   * The same for what is harmless to repeat (an upload): its failures count, its success does not, because it says nothing about the calls that matter.
   */
  prepare<Result>(provider: Provider, work: () => Promise<Result>): Promise<Result>
  /** The provider asked for patience until then (milliseconds since the epoch). */
  rest(id: ProviderId, until: number): void
  isOut(id: ProviderId): boolean
}

export interface RouteRequirements {
  /** Somebody's explicit order; providers that it does not name come after. */
  chosen?: readonly ProviderId[] | undefined
  price: (provider: Provider) => number
  /** Milliseconds a clip is expected to take there. */
  expectedMs: (provider: Provider) => number
}

export interface RouterOptions {
  clock: Clock
  /** Told each time a provider is left alone because only the operator can mend it: `auth` or `no_credit`. */
  onOperatorNeeded: (id: ProviderId, kind: ProviderErrorKind) => void
}

/** So many failures in a row open the circuit, and after so long one call may try whether the provider is back. */
const failuresToOpen = 5
const halfOpenAfterMs = 30_000
/** A key or an account is mended by people; asking every few seconds would only fill the log. */
const operatorPauseMs = 10 * 60_000

const providerTrouble = new Set<ProviderErrorKind>(['unavailable', 'timeout', 'submission_unknown'])
const operatorTrouble = new Set<ProviderErrorKind>(['auth', 'no_credit'])

export function createRouter({ clock, onOperatorNeeded }: RouterOptions): Router {
  const breakers = new Map<ProviderId, { policy: CircuitBreakerPolicy; brokeAt: number }>()
  const pausedUntil = new Map<ProviderId, { until: number; kind: ProviderErrorKind }>()
  const restsUntil = new Map<ProviderId, number>()

  function breakerOf(id: ProviderId): { policy: CircuitBreakerPolicy; brokeAt: number } {
    const known = breakers.get(id)
    if (known) return known
    const failing = handleWhen((error) => error instanceof ProviderError && providerTrouble.has(error.kind))
    const policy = circuitBreaker(failing, { halfOpenAfter: halfOpenAfterMs, breaker: new ConsecutiveBreaker(failuresToOpen) })
    const breaker = { policy, brokeAt: 0 }
    // Listed as out only for its pause: were it left at the end for good, nobody would ever try whether it is back.
    policy.onBreak(() => (breaker.brokeAt = performance.now()))
    breakers.set(id, breaker)
    return breaker
  }

  function pauseOf(id: ProviderId): ProviderErrorKind | undefined {
    const pause = pausedUntil.get(id)
    return pause && pause.until > clock.now() ? pause.kind : undefined
  }

  function isBroken(id: ProviderId): boolean {
    const { policy, brokeAt } = breakerOf(id)
    return policy.state === CircuitState.Open && performance.now() < brokeAt + halfOpenAfterMs
  }

  function refuseIfPaused(provider: Provider): void {
    const kind = pauseOf(provider.id)
    if (kind) throw refusal(provider, kind)
  }

  /** What the caller shall see, after the provider's trouble was taken note of. */
  function learn(provider: Provider, error: unknown): unknown {
    if (isBrokenCircuitError(error)) return refusal(provider, 'unavailable')
    if (error instanceof ProviderError && operatorTrouble.has(error.kind)) {
      pausedUntil.set(provider.id, { until: clock.now() + operatorPauseMs, kind: error.kind })
      onOperatorNeeded(provider.id, error.kind)
    }
    return error
  }

  const router: Router = {
    isOut: (id) => pauseOf(id) !== undefined || isBroken(id) || (restsUntil.get(id) ?? 0) > clock.now(),

    rest: (id, until) => void restsUntil.set(id, Math.max(until, restsUntil.get(id) ?? 0)),

    order: (providers, { chosen, price, expectedMs }) => {
      const rank = (provider: Provider): number[] => {
        const place = chosen?.indexOf(provider.id) ?? -1
        const out = router.isOut(provider.id) ? 1 : 0
        return chosen ? [out, place === -1 ? chosen.length : place] : [out, price(provider), expectedMs(provider)]
      }
      return [...providers].sort((left, right) => compare(rank(left), rank(right)))
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
      if (isBroken(provider.id)) throw refusal(provider, 'unavailable')
      try {
        return await work()
      } catch (error) {
        // Told to the breaker as what it is; it throws the same again, or that it was open already.
        await breakerOf(provider.id)
          .policy.execute(() => Promise.reject(error as Error))
          .catch(() => undefined)
        throw learn(provider, error)
      }
    },
  }
  return router
}

/** No call was made. */
function refusal({ id }: Provider, kind: ProviderErrorKind): ProviderError {
  return new ProviderError({ provider: id, kind, failoverSafe: true })
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
