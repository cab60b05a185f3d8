import { refuse } from '../model/errors.ts'
import { limitedBody, limitedHeaders, type RateLimitScope } from './rate-limits.ts'
import { matchesPattern, type RecordedRequest, type RequestPattern } from './record.ts'

/** What a request gets instead of its response: another response, or a socket that breaks. */
export type FaultOutcome = { status: number; body?: unknown; headers?: Record<string, string> } | 'reset'

interface Failure {
  pattern: RequestPattern
  outcome: FaultOutcome
  /** `before`: the request has no effect; `after`: it has, and only the response is lost. */
  moment: 'before' | 'after'
  remaining: number
}

interface Wait {
  pattern: RequestPattern
  remaining: number
  enter: (request: RecordedRequest) => Promise<void>
}

export interface Hold {
  /** Resolves with the first request that is held. */
  readonly arrived: Promise<RecordedRequest>
  release: () => void
}

/** Makes the local Discord misbehave on purpose. A fault applies to the next matching requests until its count is used up. */
export class Faults {
  #failures: Failure[] = []
  #waits: Wait[] = []
  readonly #releases = new Set<() => void>()

  failNext(
    pattern: RequestPattern,
    outcome: FaultOutcome,
    { times = 1, moment = 'before' }: { times?: number; moment?: 'before' | 'after' } = {},
  ): void {
    this.#failures.push({ pattern, outcome, moment, remaining: times })
  }

  /** Answers 429 as Discord does. `shared`: others used up the limit of the resource, so that it is no fault of the bot. */
  rateLimitNext(pattern: RequestPattern, retryAfterSeconds: number, times = 1, scope: RateLimitScope = 'user'): void {
    const [body, headers] = [limitedBody(retryAfterSeconds, scope), limitedHeaders(retryAfterSeconds, scope)]
    this.failNext(pattern, { status: 429, body, headers }, { times })
  }

  /** Refuses edits of messages older than an hour as Discord does, whose limit is not documented: with 429, but without a time to wait. */
  refuseOldEditsNext(pattern: RequestPattern, times = 1): void {
    const { status, body } = refuse.tooManyOldEdits()
    this.failNext(pattern, { status, body }, { times })
  }

  /** Delays matching requests by the system clock before they have any effect. */
  delayNext(pattern: RequestPattern, milliseconds: number, times = 1): void {
    const enter = () =>
      new Promise<void>((resolve) => {
        const release = () => {
          clearTimeout(timer)
          this.#releases.delete(release)
          resolve()
        }
        const timer = setTimeout(release, milliseconds)
        this.#releases.add(release)
      })
    this.#waits.push({ pattern, remaining: times, enter })
  }

  /** Holds all matching requests, before they have any effect, until `release`. */
  hold(pattern: RequestPattern): Hold {
    const arrived = Promise.withResolvers<RecordedRequest>()
    const released = Promise.withResolvers<undefined>()
    const enter = async (request: RecordedRequest) => {
      arrived.resolve(request)
      await released.promise
    }
    const wait: Wait = { pattern, remaining: Infinity, enter }
    const release = () => {
      this.#waits = this.#waits.filter((other) => other !== wait)
      this.#releases.delete(release)
      released.resolve(undefined)
    }
    this.#waits.push(wait)
    this.#releases.add(release)
    return { arrived: arrived.promise, release }
  }

  /** Waits as long as the request has to wait; returns the failure that replaces its effect and its response. */
  async before(request: RecordedRequest): Promise<FaultOutcome | undefined> {
    for (const wait of [...this.#waits]) {
      if (wait.remaining <= 0 || !matchesPattern(request, wait.pattern)) continue
      wait.remaining -= 1
      await wait.enter(request)
    }
    return this.#take(request, 'before')
  }

  /** Returns the failure that replaces the response of a request that had its effect. */
  after(request: RecordedRequest): FaultOutcome | undefined {
    return this.#take(request, 'after')
  }

  /** Ends all faults and releases the requests that wait. */
  clear(): void {
    this.#failures = []
    this.#waits = []
    for (const release of [...this.#releases]) release()
  }

  #take(request: RecordedRequest, moment: 'before' | 'after'): FaultOutcome | undefined {
    const failure = this.#failures.find(
      (candidate) => candidate.remaining > 0 && candidate.moment === moment && matchesPattern(request, candidate.pattern),
    )
    if (!failure) return undefined
    failure.remaining -= 1
    return failure.outcome
  }
}
