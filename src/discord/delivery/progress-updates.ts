import { hash } from 'node:crypto'

import { RateLimitError } from 'discord.js'

import { type LiveState, longestEditMs } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'
import { createDeadline } from '../../lib/deadline.ts'
import { exponential } from '../../lib/retry.ts'

import { cardOf } from '../cards/status-card.ts'
import { isTransient } from '../rest/errors.ts'

import type { CardMessage } from './card-message.ts'
import { CardUpdater, type CardWriter } from './card-updater.ts'
import type { ProgressContext } from './context.ts'

const backoff = exponential(3000, 60_000)

const hourMs = 3_600_000
/**
 * Milliseconds between two edits of one state. Discord allows about five edits of a message in five seconds. How many it allows of one that is older than an
 * hour is not documented, and its answers do not tell: people who met the limit guess three in twenty seconds for all old messages of a channel.
 */
const spacing = { young: 3000, old: 60_000, limited: 600_000 }

interface Shown {
  generation: Generation
  live: LiveState
}

/** The progress updates of one card, and the way for its final message. Small, because thousands of cards may be open. */
export class Progress implements CardWriter<Shown> {
  readonly #cardMessage: CardMessage
  readonly #context: ProgressContext
  readonly #updater: CardUpdater<Shown>
  /** A digest of the body: writing the same again is no edit. */
  #written: string | undefined
  #unreachable = false
  #failures = 0

  constructor(cardMessage: CardMessage, isContinued: boolean, context: ProgressContext) {
    this.#cardMessage = cardMessage
    this.#context = context
    this.#updater = new CardUpdater(this, { editBudget: context.editBudget, isContinued })
  }

  show(generation: Generation, live: LiveState): void {
    // Further edits would only count as invalid requests.
    if (!this.#unreachable) this.#updater.offer(urgentStateOf(generation, live), { generation, live })
  }

  get spacingMs(): number {
    return this.#context.clock.now() - this.#cardMessage.createdAt < hourMs ? spacing.young : spacing.old
  }

  /** See `CardUpdater.finish`. */
  finish<Result>(last: () => Promise<Result>): Promise<Result> {
    return this.#updater.finish(last)
  }

  /** See `CardUpdater.drain`. */
  drain(): Promise<void> {
    return this.#updater.drain()
  }

  async write({ generation, live }: Shown, aborted: AbortSignal): Promise<number | undefined> {
    const { cardLock, log, cardDeleted, progressFailed } = this.#context
    try {
      const body = cardOf(generation, live)
      const digest = hash('sha256', JSON.stringify(body), 'base64')
      if (digest === this.#written) return undefined
      // The time starts before the database check, so that a process that stalls after it cannot send an outdated state much later.
      const bestEffort = createDeadline(longestEditMs, aborted)
      let retryInMs: number | undefined
      const isCurrent = await cardLock.edit(generation, async () => {
        const { result } = await this.#cardMessage.edit(() => ({ body, options: { bestEffort } }))
        if (result === 'edited') this.#written = digest
        else if (result === 'limited') retryInMs = spacing.limited
        else this.#unreachable = true
        if (this.#unreachable) log.info({ generation: generation.id, result }, 'card not editable; progress updates stopped')
        if (result === 'gone') cardDeleted(generation.id)
      })
      // What another process writes next is not known here.
      if (!isCurrent) this.#written = undefined
      this.#failures = 0
      return retryInMs
    } catch (error) {
      if (aborted.aborted) return undefined
      this.#failures += 1
      progressFailed({ generation: generation.id, error })
      if (error instanceof RateLimitError) return Math.max(error.timeToReset, error.retryAfter)
      return isTransient(error) ? backoff(this.#failures) : undefined
    }
  }
}

/** What a card shows for the first time is written before the progress of other cards; all else waits for the spacing. */
function urgentStateOf({ state, cancelRequestedAt }: Generation, { cancelRefused, paused, askingUntil }: LiveState): string {
  return [state, cancelRequestedAt !== undefined, cancelRefused, paused, askingUntil].join(' ')
}
