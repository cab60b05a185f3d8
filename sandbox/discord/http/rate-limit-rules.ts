export interface RateLimit {
  /** Requests in one window of one bucket. */
  limit: number
  windowMs: number
}

export interface RateLimitRules {
  /** Every bucket that has no rate of its own. */
  each: RateLimit
  buckets: Readonly<Partial<Record<string, RateLimit>>>
  /** All requests with the bot token, except to interactions and their webhooks. */
  global: RateLimit | undefined
  /** Edits in one channel of messages older than an hour, by Discord's clock. */
  oldEdits: RateLimit | undefined
}

/** Operations that share a bucket: `@original` is a message like any other. Every other operation has its own. */
const sharedBuckets: Readonly<Partial<Record<string, string>>> = {
  get_original_webhook_message: 'get_webhook_message',
  update_original_webhook_message: 'update_webhook_message',
  delete_original_webhook_message: 'delete_webhook_message',
}

const generous: RateLimit = { limit: 50, windowMs: 1000 }
const fiveInFiveSeconds: RateLimit = { limit: 5, windowMs: 5000 }

/**
 * Discord documents only the global limit; a client has to read the others from the headers. These rates were seen there: five messages and edits in
 * five seconds in a channel and by an interaction's token, five deletions in a second (discord-api-docs issue 8330), and about three edits of old
 * messages in twenty seconds.
 */
export const discordRateLimits: RateLimitRules = {
  each: generous,
  buckets: {
    create_message: fiveInFiveSeconds,
    update_message: fiveInFiveSeconds,
    delete_message: { limit: 5, windowMs: 1000 },
    execute_webhook: fiveInFiveSeconds,
    get_webhook_message: fiveInFiveSeconds,
    update_webhook_message: fiveInFiveSeconds,
    delete_webhook_message: fiveInFiveSeconds,
  },
  global: { limit: 50, windowMs: 1000 },
  oldEdits: { limit: 3, windowMs: 20_000 },
}

/** For tests that are not about rate limits: one rate for every bucket, and no other rule. */
export function uniformRateLimits(each: RateLimit = generous): RateLimitRules {
  return { each, buckets: {}, global: undefined, oldEdits: undefined }
}

export function bucketOf(operation: string): string {
  return sharedBuckets[operation] ?? operation
}
