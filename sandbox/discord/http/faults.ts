import { matchesPattern, type RecordedRequest, type RequestPattern } from './record.ts'

/** What a request gets instead of its answer: another answer, or a socket that breaks. */
export type FaultOutcome = { status: number; body?: unknown; headers?: Record<string, string> } | 'reset'

interface Failure {
  pattern: RequestPattern
  outcome: FaultOutcome
  /** `before`: nothing was done; `after`: it was done and only the answer is lost. */
  moment: 'before' | 'after'
  remaining: number
}

interface Wait {
  pattern: RequestPattern
  remaining: number
  enter: (request: RecordedRequest) => Promise<void>
}

/** Requests that are kept waiting until they are released. */
export interface Hold {
  /** Resolves with the first request that is kept waiting. */
  readonly arrived: Promise<RecordedRequest>
  release: () => void
}

/** Switches that make the local Discord misbehave on purpose. Each takes the next matching requests and is spent then. */
export class Faults {
  #failures: Failure[] = []
  #waits: Wait[] = []
  readonly #timers = new Map<NodeJS.Timeout, () => void>()
  readonly #releases = new Set<() => void>()

  failNext(
    pattern: RequestPattern,
    outcome: FaultOutcome,
    { times = 1, moment = 'before' }: { times?: number; moment?: 'before' | 'after' } = {},
  ): void {
    this.#failures.push({ pattern, outcome, moment, remaining: times })
  }

  /** Answers 429 as Discord does. */
  rateLimitNext(pattern: RequestPattern, retryAfterSeconds: number, times = 1): void {
    this.failNext(
      pattern,
      {
        status: 429,
        body: { message: 'You are being rate limited.', retry_after: retryAfterSeconds, global: false, code: 0 },
        headers: { 'retry-after': String(Math.ceil(retryAfterSeconds)), 'x-ratelimit-scope': 'user' },
      },
      { times },
    )
  }

  /** Lets matching requests wait (on the wall) before anything is done with them. */
  delayNext(pattern: RequestPattern, milliseconds: number, times = 1): void {
    const enter = () =>
      new Promise<void>((resolve) => {
        const timer = setTimeout(() => {
          this.#timers.delete(timer)
          resolve()
        }, milliseconds)
        this.#timers.set(timer, resolve)
      })
    this.#waits.push({ pattern, remaining: times, enter })
  }

  /** Keeps all matching requests waiting, before anything is done with them, until `release`. */
  hold(pattern: RequestPattern): Hold {
    const arrived = Promise.withResolvers<RecordedRequest>()
    const released = Promise.withResolvers<undefined>()
    const wait: Wait = {
      pattern,
      remaining: Infinity,
      enter: async (request) => {
        arrived.resolve(request)
        await released.promise
      },
    }
    const release = () => {
      this.#waits = this.#waits.filter((other) => other !== wait)
      this.#releases.delete(release)
      released.resolve(undefined)
    }
    this.#waits.push(wait)
    this.#releases.add(release)
    return { arrived: arrived.promise, release }
  }

  /** Waits as long as the request has to wait, then tells whether it fails before anything is done. */
  async before(request: RecordedRequest): Promise<FaultOutcome | undefined> {
    for (const wait of [...this.#waits]) {
      if (wait.remaining <= 0 || !matchesPattern(request, wait.pattern)) continue
      wait.remaining -= 1
      await wait.enter(request)
    }
    return this.#take(request, 'before')
  }

  /** Tells whether the answer to what was done is lost. */
  after(request: RecordedRequest): FaultOutcome | undefined {
    return this.#take(request, 'after')
  }

  /** Switches everything off and lets go of what waits. */
  clear(): void {
    this.#failures = []
    this.#waits = []
    for (const release of [...this.#releases]) release()
    for (const [timer, resolve] of this.#timers) {
      clearTimeout(timer)
      resolve()
    }
    this.#timers.clear()
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
