import { RateLimitError } from 'discord.js'

import { type LiveState, longestEditMs } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'
import { createDeadline } from '../../lib/deadline.ts'
import { exponential } from '../../lib/retry.ts'

import type { MessageBody } from '../cards/components.ts'
import { cardOf } from '../cards/status-card.ts'
import { describeError, isTransient } from '../rest/errors.ts'

import type { CardMessage } from './card-message.ts'
import { createCardUpdater } from './card-updater.ts'
import type { DeliveryContext } from './context.ts'

const backoff = exponential(3000, 60_000)

export type Progress = ReturnType<typeof createProgress>

/** The progress updates of one card, and the way for its final message. */
export function createProgress(cardMessage: CardMessage, { cardLock, clock, log }: DeliveryContext) {
  /** Offering the same body again is no edit. */
  let lastOffered: string | undefined
  let unreachable = false
  let failures = 0

  async function write(
    { generation, body }: { generation: Generation; body: MessageBody },
    aborted: AbortSignal,
  ): Promise<number | undefined> {
    // The member may have deleted the card: further edits would only count as invalid requests.
    if (unreachable) return undefined
    try {
      // The time starts before the database check, so that a process that stalls after it cannot send an outdated state much later.
      const bestEffort = createDeadline(longestEditMs, aborted)
      const isCurrent = await cardLock.edit(generation, async () => {
        const { result } = await cardMessage.edit(() => ({ body, options: { bestEffort } }))
        unreachable = result !== 'edited'
        if (unreachable) log.info({ generation: generation.id, result }, 'card not editable; progress updates stopped')
      })
      if (!isCurrent) lastOffered = undefined
      failures = 0
      return undefined
    } catch (error) {
      if (aborted.aborted) return undefined
      failures += 1
      log.warn({ generation: generation.id, failure: describeError(error) }, 'progress update failed')
      if (error instanceof RateLimitError) return Math.max(error.timeToReset, error.retryAfter)
      return isTransient(error) ? backoff(failures) : undefined
    }
  }

  const { offer, finish, drain } = createCardUpdater(write, clock)
  return {
    finish,
    drain,
    show(generation: Generation, live: LiveState): void {
      const body = cardOf(generation, live)
      const offered = JSON.stringify(body)
      if (offered === lastOffered) return
      lastOffered = offered
      offer(urgentStateOf(generation, live), { generation, body })
    },
  }
}

/** A change of these is written at once; all other changes wait for the spacing. */
function urgentStateOf({ state, provider, cancelRequestedAt }: Generation, { cancelRefused, paused, askingUntil }: LiveState): string {
  return JSON.stringify([state, provider, cancelRequestedAt !== undefined, cancelRefused, paused, askingUntil])
}
