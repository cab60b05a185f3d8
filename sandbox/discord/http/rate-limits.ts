export interface RateLimit {
  /** Requests in one window of one bucket. */
  limit: number
  windowMs: number
}

export interface RateTicket {
  headers: Record<string, string>
  /** Seconds until the next request is let through; undefined when this one is. */
  retryAfterSeconds: number | undefined
}

/** Counts requests in fixed windows, one bucket for each route and its channel or token, and says so in Discord's headers. */
export class RateLimits {
  readonly #rate: RateLimit
  readonly #buckets = new Map<string, { used: number; resetsAt: number }>()

  constructor(rate: RateLimit) {
    this.#rate = rate
  }

  take(bucketKey: string, hash: string): RateTicket {
    const now = Date.now()
    let bucket = this.#buckets.get(bucketKey)
    if (!bucket || bucket.resetsAt <= now) {
      bucket = { used: 0, resetsAt: now + this.#rate.windowMs }
      this.#buckets.set(bucketKey, bucket)
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
        'x-ratelimit-bucket': hash,
        ...(exceeded && { 'retry-after': String(Math.ceil(resetAfter)), 'x-ratelimit-scope': 'user' }),
      },
    }
  }
}
