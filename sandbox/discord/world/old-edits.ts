import type { DiscordClock } from '../model/clock.ts'
import { refuse } from '../model/errors.ts'
import type { StoredMessage } from '../model/message.ts'

const oldAfterMs = 60 * 60 * 1000

export interface OldEditRate {
  limit: number
  windowMs: number
}

/** The slower rule for edits of messages older than an hour, one count for each channel. Without a rate nothing is refused. */
export class OldEdits {
  readonly #clock: DiscordClock
  readonly #rate: OldEditRate | undefined
  readonly #windows = new Map<string, { used: number; endsAt: number }>()

  constructor(clock: DiscordClock, rate: OldEditRate | undefined) {
    this.#clock = clock
    this.#rate = rate
  }

  /** Call it before an edit. The refusal names no time to wait. */
  count({ channelId, createdAt }: Pick<StoredMessage, 'channelId' | 'createdAt'>): void {
    const now = this.#clock.now()
    if (!this.#rate || now - Date.parse(createdAt) <= oldAfterMs) return
    let window = this.#windows.get(channelId)
    if (!window || window.endsAt <= now) {
      window = { used: 0, endsAt: now + this.#rate.windowMs }
      this.#windows.set(channelId, window)
    }
    if (window.used >= this.#rate.limit) throw refuse.tooManyOldEdits()
    window.used += 1
  }
}
