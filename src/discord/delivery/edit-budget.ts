import { type Clock, sleep } from '../../lib/clock.ts'
import { createTimers, Timed, type Timers } from '../../lib/timers.ts'

/** A card with content to write. */
export interface WaitingCard {
  /** Called once, when the budget allows the edit. Resolves when the edit is over; must not reject. */
  start(): Promise<void>
}

/**
 * The edits of all cards that this process may send. Discord allows a bot fifty calls in a second; a part is left for acknowledgements, clips and other
 * calls. Progress takes turns, so that the more cards there are, the longer each waits for its next edit.
 */
export interface EditBudget {
  /** Calls `start`, at once if the budget allows. Urgent cards come first, then each in its turn. */
  request(card: WaitingCard, options: { urgent: boolean }): void
  withdraw(card: WaitingCard): void
  /** An edit that does not wait: a clip or an outcome. Progress waits for longer in exchange. */
  spend(): void
  /** Resolves once no urgent card waits, at the latest after `longestDrainMs`. */
  urgentStarted(): Promise<void>
  readonly timers: Timers
}

export interface EditBudgetOptions {
  perSecond?: number
  /** As many more may go together after a quiet time. */
  burst?: number
  /** Edits under way. Those that a slow Discord, or a slow machine, delayed could otherwise arrive together with later ones. */
  atOnce?: number
  /** Real milliseconds that a stop waits for the cards that tell so: there may be thousands. */
  longestDrainMs?: number
}

export function createEditBudget(clock: Clock, options: EditBudgetOptions = {}): EditBudget {
  const { perSecond = 25, burst = 10, atOnce = 12, longestDrainMs = 3000 } = options
  const intervalMs = 1000 / perSecond
  const timers = createTimers(clock)
  const urgent = new Set<WaitingCard>()
  const others = new Set<WaitingCard>()
  /** Somebody waits until no urgent card does. */
  let drain: { end: AbortController; ended: Promise<unknown> } | undefined
  /** Until then the edits that were sent use up the budget. */
  let paidUntil = -Infinity
  let underWay = 0

  class Next extends Timed {
    override onDue(): void {
      startNext()
    }
  }
  const next = new Next()

  /** Milliseconds until the next edit may be sent. */
  function remainingMs(): number {
    return debtMs() - (burst - 1) * intervalMs
  }

  /** Discord counts by the second, so older edits are forgotten. */
  function debtMs(): number {
    const now = timers.now()
    paidUntil = Math.min(Math.max(paidUntil, now), now + burst * intervalMs + 1000)
    return paidUntil - now
  }

  function spend(): void {
    debtMs()
    paidUntil += intervalMs
  }

  function startNext(): void {
    while (underWay < atOnce && (urgent.size > 0 || others.size > 0)) {
      const remaining = remainingMs()
      if (remaining > 0) {
        if (next.heapIndex === -1) timers.set(next, remaining)
        return
      }
      const [card] = urgent.size > 0 ? urgent : others
      if (!card) return
      withdraw(card)
      spend()
      void start(card)
    }
    timers.clear(next)
  }

  async function start(card: WaitingCard): Promise<void> {
    underWay += 1
    await card.start()
    underWay -= 1
    startNext()
  }

  function withdraw(card: WaitingCard): void {
    others.delete(card)
    if (urgent.delete(card) && urgent.size === 0) drain?.end.abort()
  }

  return {
    timers,
    spend,
    withdraw(card) {
      withdraw(card)
      if (urgent.size === 0 && others.size === 0) timers.clear(next)
    },
    request(card, options) {
      if (options.urgent) {
        others.delete(card)
        urgent.add(card)
      } else if (!urgent.has(card)) others.add(card)
      startNext()
    },
    async urgentStarted() {
      if (urgent.size === 0) return
      const end = new AbortController()
      drain ??= { end, ended: sleep(longestDrainMs, end.signal).finally(() => (drain = undefined)) }
      await drain.ended
    },
  }
}
