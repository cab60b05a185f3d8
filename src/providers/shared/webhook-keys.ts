import { raceAbort } from '../../lib/abortable.ts'
import { WebhookRejected } from '../provider.ts'

const maxAgeMs = 24 * 60 * 60_000
/** Anyone can send a bad signature: that must not make us ask the provider more often than this. */
const minRefreshIntervalMs = 60_000
const pauseAfterFailureMs = 5_000

/**
 * The keys that a provider signs its webhooks with, fetched on first use and cached. A provider may rotate its keys at any time, so a signature that no
 * cached key fits causes one refresh, at most once a minute.
 */
export class WebhookKeys<Keys> {
  readonly #fetchKeys: (signal: AbortSignal) => Promise<Keys>
  #cached: { keys: Keys; since: number } | undefined
  #failed: { error: unknown; at: number } | undefined
  #fetching: Promise<Keys> | undefined
  #requestedAt = Number.NEGATIVE_INFINITY

  constructor(fetchKeys: (signal: AbortSignal) => Promise<Keys>) {
    this.#fetchKeys = fetchKeys
  }

  /**
   * Resolves if one of the provider's keys fits.
   * @throws {WebhookRejected} where none does
   * @throws {ProviderError} where the keys cannot be fetched: the delivery is neither good nor bad, and should be sent again
   */
  async assertFits(fits: (keys: Keys) => boolean, { now, signal }: { now: number; signal: AbortSignal }): Promise<void> {
    const cached = this.#cached && now - this.#cached.since < maxAgeMs ? this.#cached.keys : undefined
    if (cached !== undefined && fits(cached)) return
    if (cached !== undefined && !this.#fetching && now - this.#requestedAt < minRefreshIntervalMs) throw new WebhookRejected('forged')
    if (!fits(await raceAbort(this.#fetch(now), signal))) throw new WebhookRejected('forged')
  }

  /** Deliveries that arrive together share one request, which none of them can abort for the others. */
  async #fetch(now: number): Promise<Keys> {
    if (!this.#fetching) {
      if (this.#failed && now - this.#failed.at < pauseAfterFailureMs) throw this.#failed.error
      this.#requestedAt = now
      this.#fetching = this.#refresh(now)
    }
    return this.#fetching
  }

  async #refresh(now: number): Promise<Keys> {
    try {
      const keys = await this.#fetchKeys(new AbortController().signal)
      this.#cached = { keys, since: now }
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
