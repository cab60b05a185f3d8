import { createHash } from 'node:crypto'

export interface RateLimit {
  /** Requests in one window of one bucket. */
  limit: number
  windowMs: number
}

export interface RateTicket {
  headers: Record<string, string>
  /** Seconds until the next request is allowed; undefined when this one is. */
  retryAfterSeconds: number | undefined
}

/** Counts requests in fixed windows, one bucket for each route and its channel, guild or token. */
export class RateLimits {
  readonly #rate: RateLimit
  readonly #buckets = new Map<string, { used: number; resetsAt: number }>()

  constructor(rate: RateLimit) {
    this.#rate = rate
  }

  /** Counts a request and returns Discord's rate-limit headers for its response. */
  take(operation: string, scope: string): RateTicket {
    const now = Date.now()
    const key = `${operation} ${scope}`
    let bucket = this.#buckets.get(key)
    if (!bucket || bucket.resetsAt <= now) {
      bucket = { used: 0, resetsAt: now + this.#rate.windowMs }
      this.#buckets.set(key, bucket)
    }
    const exceeded = bucket.used >= this.#rate.limit
    if (!exceeded) bucket.used += 1
    const resetAfter = (bucket.resetsAt - now) / 1000
    return {
      retryAfterSeconds: exceeded ? resetAfter : undefined,
      headers: {
        'x-ratelimit-limit': String(this.#rate.limit),
        'x-ratelimit-remaining': String(this.#rate.limit - bucket.used),
        'x-ratelimit-reset': (bucket.resetsAt / 1000).toFixed(3),
        'x-ratelimit-reset-after': resetAfter.toFixed(3),
        'x-ratelimit-bucket': createHash('sha256').update(operation).digest('hex').slice(0, 20),
        ...(exceeded && limitedHeaders(resetAfter)),
      },
    }
  }
}

export function limitedHeaders(retryAfterSeconds: number): Record<string, string> {
  return { 'retry-after': String(Math.ceil(retryAfterSeconds)), 'x-ratelimit-scope': 'user' }
}

export function limitedBody(retryAfterSeconds: number): unknown {
  return { message: 'You are being rate limited.', retry_after: retryAfterSeconds, global: false, code: 0 }
}
