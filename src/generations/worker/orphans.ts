import type { Database } from '../../storage/database.ts'
import { recordHeartbeat, removeSilentWorkers, removeWorker } from '../../storage/worker-heartbeats.ts'
import { type Generation, unfinished } from '../model/generation.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { toGeneration } from '../store/generations.ts'

/** On a store of our own every claim belongs to a process that is gone, because we hold the store's lock. Call it once, at the start. */
export async function adoptAll(database: Database, owner: string): Promise<Generation[]> {
  const rows = await database.statements.updateTable('generations').set({ owner }).where('state', 'in', unfinished).returningAll().execute()
  return rows.map(toGeneration)
}

/**
 * The claims under our own name. One that is not running here was claimed, adopted or resumed by a statement whose response was lost; no other
 * process would ever run it.
 */
export async function listOwned({ statements }: Database, owner: string): Promise<Generation[]> {
  const rows = await statements.selectFrom('generations').selectAll().where('owner', '=', owner).where('state', 'in', unfinished).execute()
  return rows.map(toGeneration)
}

/**
 * Adopts claims without a live owner: returned ones, and those of workers that were silent for `expiryMs`. Several processes may try at once; each orphan
 * gets one owner. Throws `LeaseLost` if this process itself is considered dead.
 */
export function adoptOrphans(database: Database, owner: string, expiryMs: number): Promise<Generation[]> {
  return database.transaction(async (transaction) => {
    // A worker that was removed would find its own running clips among the orphans.
    if (!(await recordHeartbeat(transaction, database, owner))) throw new LeaseLost('another process considered this one dead')
    await removeSilentWorkers(transaction, database, expiryMs)
    const orphans = await transaction
      .selectFrom('generations')
      .select('id')
      .where('state', 'in', unfinished)
      // Not `not exists`: PostgreSQL may plan it as a join, which is not evaluated again for a row that another process adopted first.
      .where((where) => where.or([where('owner', 'is', null), where('owner', 'not in', where.selectFrom('workers').select('id'))]))
      // Skip locked rows: waiting behind a stalled process, with our own row locked, would block our heartbeat.
      .$if(database.sharedUrl !== undefined, (query) => query.forUpdate().skipLocked())
      .execute()
    if (orphans.length === 0) return []
    const ids = orphans.map(({ id }) => id)
    // Card edits of the former owners ended with them.
    const rows = await transaction.updateTable('generations').set({ owner, card_edits: 0 }).where('id', 'in', ids).returningAll().execute()
    return rows.map(toGeneration)
  })
}

/** The worker ends by its own decision: others may adopt its claims at once. */
export function returnClaims(database: Database, owner: string): Promise<void> {
  return database.transaction(async (transaction) => {
    await removeWorker(transaction, owner)
    await transaction.updateTable('generations').set({ owner: null }).where('owner', '=', owner).where('state', 'in', unfinished).execute()
  })
}
