import type { DiscordClock } from '../model/clock.ts'
import type { GatewaySettings } from './settings.ts'

const dayMs = 24 * 60 * 60_000
const identifyWindowMs = 5000
/** What clients are told where nothing is enforced: Discord's number for large bots, so that a client delays few of its own shards. */
const toldConcurrency = 16

/** Counts the sessions that start: so many in 24 hours, and so many shards at once. */
export class SessionStarts {
  readonly #clock: DiscordClock
  readonly #settings: Pick<GatewaySettings, 'sessionStarts' | 'maxConcurrency'>
  #dayEndsAt: number
  #used = 0
  /** When the last shard identified, by Discord's key for its turn. */
  readonly #lastByTurn = new Map<number, number>()

  constructor(clock: DiscordClock, settings: Pick<GatewaySettings, 'sessionStarts' | 'maxConcurrency'>) {
    this.#clock = clock
    this.#settings = settings
    this.#dayEndsAt = clock.now() + dayMs
  }

  /** As `GET /gateway/bot` tells it. */
  get limit() {
    this.#startDay()
    const { sessionStarts: total, maxConcurrency } = this.#settings
    return {
      total,
      remaining: total - this.#used,
      reset_after: this.#dayEndsAt - this.#clock.now(),
      max_concurrency: maxConcurrency ?? toldConcurrency,
    }
  }

  /** False if another shard of the same turn identified less than five seconds ago. Shards take turns by their number. */
  isTurnOf(shard: number): boolean {
    const last = this.#lastByTurn.get(this.#turnOf(shard))
    return this.#settings.maxConcurrency === undefined || last === undefined || this.#clock.now() - last >= identifyWindowMs
  }

  count(shard: number): void {
    this.#startDay()
    this.#used += 1
    this.#lastByTurn.set(this.#turnOf(shard), this.#clock.now())
  }

  #turnOf(shard: number): number {
    return shard % (this.#settings.maxConcurrency ?? 1)
  }

  #startDay(): void {
    while (this.#clock.now() >= this.#dayEndsAt) {
      this.#dayEndsAt += dayMs
      this.#used = 0
    }
  }
}
