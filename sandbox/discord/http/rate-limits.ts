import { createHash } from 'node:crypto'

import { bucketOf, type RateLimit, type RateLimitRules } from './rate-limit-rules.ts'

/** Whose limit it is: the bot's in this bucket, the bot's altogether, or everyone's for this resource. */
export type RateLimitScope = 'user' | 'global' | 'shared'

export interface RateTicket {
  headers: Record<string, string>
  /** The limit that this request exceeds; undefined when it is allowed. */
  exceeded: { scope: RateLimitScope; retryAfterSeconds: number } | undefined
}

interface Window {
  used: number
  resetsAt: number
}

/** Counts requests in fixed windows, one for each bucket and its channel, guild or token, and one for all of them. */
export class RateLimits {
  readonly #rules: RateLimitRules
  readonly #now: () => number
  readonly #windows = new Map<string, Window>()

  /** @param now a clock that never stands still: a client that is limited waits in real time */
  constructor(rules: RateLimitRules, now: () => number) {
    this.#rules = rules
    this.#now = now
  }

  /** Counts a request towards the global limit, which comes before that of its bucket. Its 429 tells nothing of the bucket. */
  takeGlobal(): RateTicket {
    const rate = this.#rules.global
    if (!rate) return { headers: {}, exceeded: undefined }
    const { isExceeded, resetAfter } = this.#count('global', rate)
    if (!isExceeded) return { headers: {}, exceeded: undefined }
    return { headers: limitedHeaders(resetAfter, 'global'), exceeded: { scope: 'global', retryAfterSeconds: resetAfter } }
  }

  /** Counts a request and returns Discord's rate-limit headers for its response. */
  take(operation: string, scope: string): RateTicket {
    const bucket = bucketOf(operation)
    const rate = this.#rules.buckets[bucket] ?? this.#rules.each
    const { isExceeded, resetAfter, window } = this.#count(`${bucket} ${scope}`, rate)
    return {
      exceeded: isExceeded ? { scope: 'user', retryAfterSeconds: resetAfter } : undefined,
      headers: {
        'x-ratelimit-limit': String(rate.limit),
        'x-ratelimit-remaining': String(rate.limit - window.used),
        'x-ratelimit-reset': (window.resetsAt / 1000).toFixed(3),
        'x-ratelimit-reset-after': resetAfter.toFixed(3),
        'x-ratelimit-bucket': createHash('sha256').update(bucket).digest('hex').slice(0, 20),
        ...(isExceeded && limitedHeaders(resetAfter, 'user')),
      },
    }
  }

  #count(key: string, rate: RateLimit) {
    const now = this.#now()
    let window = this.#windows.get(key)
    if (!window || window.resetsAt <= now) {
      window = { used: 0, resetsAt: now + rate.windowMs }
      this.#windows.set(key, window)
    }
    const isExceeded = window.used >= rate.limit
    if (!isExceeded) window.used += 1
    return { isExceeded, window, resetAfter: (window.resetsAt - now) / 1000 }
  }
}

export function limitedHeaders(retryAfterSeconds: number, scope: RateLimitScope): Record<string, string> {
  return {
    'retry-after': String(Math.ceil(retryAfterSeconds)),
    'x-ratelimit-scope': scope,
    ...(scope === 'global' && { 'x-ratelimit-global': 'true' }),
  }
}

export function limitedBody(retryAfterSeconds: number, scope: RateLimitScope): unknown {
  const message = scope === 'shared' ? 'The resource is being rate limited.' : 'You are being rate limited.'
  return { message, retry_after: retryAfterSeconds, global: scope === 'global', code: 0 }
}
