import type { Clock } from '../lib/clock.ts'
import type { Log } from '../lib/log.ts'
import type { Database } from '../storage/database.ts'
import type { CardDeletions, Delivery } from './model/delivery-port.ts'
import { describeStep } from './model/describe-step.ts'
import type { Notifier } from './notify/notifier.ts'
import { cancelQueued } from './run/settle.ts'
import { type Cancellation, requestCancel } from './store/generations.ts'

export interface CancelContext {
  database: Database
  delivery: Delivery
  notifier: Notifier
  clock: Clock
  log: Log
}

/** Ends a waiting request at once, and asks the owner of a running one to cancel it. False if it is over. */
export async function cancelGeneration(id: string, by: Cancellation['by'], context: CancelContext): Promise<boolean> {
  const { database, delivery, notifier, clock, log } = context
  const cancellation = { by, now: clock.now() }
  const endQueued = async () => {
    const cancelled = await cancelQueued(database, id, cancellation)
    if (!cancelled) return false
    log.info(describeStep(cancelled, { reason: cancelled.endReason }), 'generation cancelled')
    await delivery.postOutcome(cancelled, { now: clock.now() })
    return true
  }
  if (await endQueued()) return true
  if (!(await requestCancel(database.statements, id, cancellation))) return false
  // It may have gone back into the queue (for another provider) between the two.
  if (!(await endQueued())) notifier.notify(id)
  return true
}

/** A deleted card is a moderator's decision: nobody else can delete it. */
export function cancelWhereCardsAreDeleted(context: CancelContext & { delivery: CardDeletions }): void {
  const { delivery, log } = context
  delivery.onCardDeleted((generation) => {
    log.info({ generation }, 'a moderator deleted the card; cancelling')
    cancelGeneration(generation, 'moderator', context).catch((error: unknown) => {
      log.error({ error, generation }, 'the request of a deleted card could not be cancelled')
    })
  })
}
