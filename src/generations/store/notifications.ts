import { type Database, sharedNow, type Statements } from '../../storage/database.ts'
import type { Clock } from '../../lib/clock.ts'
import type { DeliveryStore } from '../model/delivery-port.ts'
import type { Generation } from '../model/generation.ts'

/**
 * Milliseconds for which one process has the notification to itself. Longer than its message takes with all retries; short enough that Discord still
 * knows the message's nonce when the next process repeats it.
 */
const claimMs = 60_000

/** Of an outcome that is new: what was sent, or is being sent, of an earlier one does not count. */
export const notNotified = { notified_at: null, notifying_until: null } as const

/** The notifications of requesters, in any process: at most one at a time is being sent, and one that arrived is not sent again. */
export function createNotifications(database: Database, clock: Clock): Pick<DeliveryStore, 'notifyOnce' | 'markNotified'> {
  const { statements } = database

  async function markNotified(generation: Generation): Promise<void> {
    await unnotified(statements, generation).set({ notified_at: clock.now(), notifying_until: null }).execute()
  }

  return {
    markNotified,
    async notifyOnce(generation, send) {
      const now = await sharedNow(database, clock)
      const until = now + claimMs
      const claimed = unnotified(statements, generation).set({ notifying_until: until })
      const isFirst = await changesRow(claimed.where('notifying_until', 'is', null))
      if (!isFirst && !(await changesRow(claimed.where('notifying_until', '<=', now)))) return false
      try {
        await send({ mayHaveArrived: !isFirst })
      } catch (error) {
        // The next try need not wait, but it learns that there was this one.
        await unnotified(statements, generation).set({ notifying_until: now }).where('notifying_until', '=', until).execute()
        throw error
      }
      await markNotified(generation)
      return true
    },
  }
}

/** The generation, if it still has this state and end: an older outcome must not use up the notification of a newer one. */
function unnotified(statements: Statements, { id, state, endedAt }: Generation) {
  return statements.updateTable('generations').where((row) => row.and({ id, state, ended_at: endedAt ?? null, notified_at: null }))
}

async function changesRow(update: { executeTakeFirst: () => Promise<{ numUpdatedRows: bigint }> }): Promise<boolean> {
  return (await update.executeTakeFirst()).numUpdatedRows > 0n
}
