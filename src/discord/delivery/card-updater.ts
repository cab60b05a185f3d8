import { Timed } from '../../lib/timers.ts'

import type { EditBudget, WaitingCard } from './edit-budget.ts'

export interface CardWriter<Content> {
  /**
   * Must not reject; resolves with the milliseconds after which to retry, unless newer content arrives. `aborted`: a write that has not been sent yet is no
   * longer needed.
   */
  write(content: Content, aborted: AbortSignal): Promise<number | undefined>
  /** Milliseconds before a state is written again. */
  readonly spacingMs: number
}

export interface CardUpdaterOptions {
  editBudget: EditBudget
  /** Another process has written this message: the first write of this one is no change that anybody waits for. */
  isContinued?: boolean
}

/** The single writer of one message, so that its writes neither overtake one another nor pile up. */
export class CardUpdater<Content> extends Timed implements WaitingCard {
  readonly #writer: CardWriter<Content>
  readonly #budget: EditBudget
  #isContinued: boolean
  #waiting: { state: string; content: Content } | undefined
  readonly #shownStates = new Set<string>()
  #writtenAt = -Infinity
  #retryAt = 0
  #inFlight: Promise<void> | undefined
  #closing: AbortController | undefined
  #finalWrite: Promise<unknown> | undefined

  constructor(writer: CardWriter<Content>, { editBudget, isContinued = false }: CardUpdaterOptions) {
    super()
    this.#writer = writer
    this.#budget = editBudget
    this.#isContinued = isContinued
  }

  /**
   * Replaces any content that still waits. Written as soon as no write is in flight and the budget of edits allows: before others if the message has not
   * shown this `state` yet, otherwise after the spacing and in its turn, and never before the delay of a failed write is over. So a request that moves from
   * one provider to the next does not rewrite its message at each of them. Ignored after `finish`.
   */
  offer(state: string, content: Content): void {
    if (this.#finalWrite) return
    if (this.#isContinued) this.#shownStates.add(state)
    this.#isContinued = false
    this.#waiting = { state, content }
    this.#advance()
  }

  /**
   * Drops waiting content, aborts the write in flight, waits for it to end and then runs the final write, whatever the budget of edits. Closes the updater
   * even if the write fails. Several final writes run one after the other, in the order of the calls.
   */
  finish<Result>(last: () => Promise<Result>): Promise<Result> {
    this.#dropWaiting()
    this.#closing?.abort(new Error('overtaken by the final write'))
    const own = Promise.allSettled([this.#finalWrite, this.#inFlight]).then(() => {
      this.#budget.spend()
      return last()
    })
    this.#finalWrite = own
    return own
  }

  /**
   * Writes a new state as far as the budget's `urgentStarted` waits for it, drops content that waits only for the spacing, and resolves once no write is
   * in flight. Does not close the updater.
   */
  async drain(): Promise<void> {
    do {
      await this.#inFlight
      if (!this.#isUrgent() || this.heapIndex !== -1) this.#dropWaiting()
      else await this.#budget.urgentStarted()
    } while (this.#inFlight)
    this.#dropWaiting()
  }

  /** For the timers: the spacing, or the delay of a failed write, is over. */
  override onDue(): void {
    this.#advance()
  }

  /** For the budget: this edit may be sent. */
  async start(): Promise<void> {
    if (this.#waiting && !this.#inFlight) this.#inFlight = this.#writeNext(this.#waiting)
    await this.#inFlight
  }

  #isUrgent(): boolean {
    return this.#waiting !== undefined && !this.#shownStates.has(this.#waiting.state)
  }

  #advance(): void {
    if (this.#finalWrite || this.#inFlight || !this.#waiting) return
    const urgent = this.#isUrgent()
    const delay = Math.max(urgent ? 0 : this.#writtenAt + this.#writer.spacingMs, this.#retryAt) - this.#budget.timers.now()
    if (delay <= 0) {
      this.#budget.timers.clear(this)
      this.#budget.request(this, { urgent })
    } else this.#budget.timers.set(this, delay)
  }

  async #writeNext(next: { state: string; content: Content }): Promise<void> {
    this.#dropWaiting()
    this.#closing = new AbortController()
    const retryInMs = await this.#writer.write(next.content, this.#closing.signal).catch(() => undefined)
    this.#closing = undefined
    this.#inFlight = undefined
    // Measured from the end, so that a slow edit is not followed by the next one at once.
    const now = this.#budget.timers.now()
    this.#shownStates.add(next.state)
    this.#writtenAt = now
    if (retryInMs !== undefined) {
      this.#retryAt = now + retryInMs
      this.#waiting ??= next
    }
    this.#advance()
  }

  #dropWaiting(): void {
    this.#waiting = undefined
    this.#budget.timers.clear(this)
    this.#budget.withdraw(this)
  }
}
