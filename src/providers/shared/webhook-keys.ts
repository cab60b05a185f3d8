import { raceAbort } from '../../lib/abortable.ts'
import { WebhookRejected } from '../provider.ts'

const longestKeptMs = 24 * 60 * 60_000
/** Anybody can send a bad signature: that must not make us ask the provider more often than this. */
const shortestBetweenRenewalsMs = 60_000
const pauseAfterFailureMs = 5_000

/**
 * What a provider signs its webhooks with, fetched when first needed and kept. A provider may change its keys at any time, so a signature that fits none
 * of them leads to one look at the provider's current ones, at most once a minute.
 */
export class WebhookKeys<Keys> {
  readonly #fetchKeys: () => Promise<Keys>
  #kept: { keys: Keys; since: number } | undefined
  #failed: { error: unknown; at: number } | undefined
  #fetching: Promise<Keys> | undefined
  #askedAt = Number.NEGATIVE_INFINITY

  constructor(fetchKeys: () => Promise<Keys>) {
    this.#fetchKeys = fetchKeys
  }

  /**
   * Resolves if one of the provider's keys fits.
   * @throws {WebhookRejected} where none does
   * @throws {ProviderError} where the keys cannot be had: the delivery is neither good nor bad, and should be sent again
   */
  async assertFits(fits: (keys: Keys) => boolean, { now, signal }: { now: number; signal: AbortSignal }): Promise<void> {
    const kept = this.#kept && now - this.#kept.since < longestKeptMs ? this.#kept.keys : undefined
    if (kept !== undefined && fits(kept)) return
    if (kept !== undefined && !this.#fetching && now - this.#askedAt < shortestBetweenRenewalsMs) throw new WebhookRejected('forged')
    if (!fits(await raceAbort(this.#fetch(now), signal))) throw new WebhookRejected('forged')
  }

  /** Deliveries that come at once wait for one answer; none of them can take it from the others by giving up. */
  async #fetch(now: number): Promise<Keys> {
    if (!this.#fetching) {
      if (this.#failed && now - this.#failed.at < pauseAfterFailureMs) throw this.#failed.error
      this.#askedAt = now
      this.#fetching = this.#renew(now)
    }
    return this.#fetching
  }

  async #renew(now: number): Promise<Keys> {
    try {
      const keys = await this.#fetchKeys()
      this.#kept = { keys, since: now }
      this.#failed = undefined
      return keys
    } catch (error) {
      this.#failed = { error, at: now }
      throw error
    } finally {
      this.#fetching = undefined
    }
  }
}
