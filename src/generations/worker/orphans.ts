import type { Database } from '../../storage/database.ts'
import { recordHeartbeat, removeSilentWorkers, removeWorker } from '../../storage/workers.ts'
import { type Generation, unfinished } from '../model/generation.ts'
import { toGeneration } from '../store/rows.ts'
import { LeaseLost } from '../model/stop-reasons.ts'

/** On a store of our own every claim is by a process that is gone: we hold the store's lock. To be called once, at the start. */
export async function adoptAll(database: Database, owner: string): Promise<Generation[]> {
  const rows = await database.statements.updateTable('generations').set({ owner }).where('state', 'in', unfinished).returningAll().execute()
  return rows.map(toGeneration)
}

/**
 * What stands under our own name. Whatever of it has no story here was claimed, adopted or revived by a statement whose answer was lost on the way, and
 * nobody else would ever look after it.
 */
export async function listOwn({ statements }: Database, owner: string): Promise<Generation[]> {
  const rows = await statements.selectFrom('generations').selectAll().where('owner', '=', owner).where('state', 'in', unfinished).execute()
  return rows.map(toGeneration)
}

/**
 * Takes over what belongs to nobody alive: given back, or claimed by a worker that has been silent for `expiryMs`. Several may try at once; each orphan
 * finds one owner. Throws `LeaseLost` if we ourselves were taken for dead.
 */
export function adoptOrphans(database: Database, owner: string, expiryMs: number): Promise<Generation[]> {
  return database.transaction(async (transaction) => {
    // Whoever was struck out would find its own running clips among the orphans.
    if (!(await recordHeartbeat(transaction, database, owner))) throw new LeaseLost('this process was taken for dead')
    await removeSilentWorkers(transaction, database, expiryMs)
    const orphans = await transaction
      .selectFrom('generations')
      .select('id')
      .where('state', 'in', unfinished)
      // Not `not exists`: PostgreSQL could turn that into a join, which is not asked again about a row that another adopter was quicker to take.
      .where((where) => where.or([where('owner', 'is', null), where('owner', 'not in', where.selectFrom('workers').select('id'))]))
      // A process that stands still may have a row locked. Whoever waited for it, with its own row locked by now, could not beat any more either.
      .$if(database.sharedUrl !== undefined, (query) => query.forUpdate().skipLocked())
      .execute()
    if (orphans.length === 0) return []
    const rows = await transaction
      .updateTable('generations')
      // Whatever their former owners were writing on their cards ended with them.
      .set({ owner, card_edits: 0 })
      .where(
        'id',
        'in',
        orphans.map(({ id }) => id),
      )
      .returningAll()
      .execute()
    return rows.map(toGeneration)
  })
}

/** The end of a worker by its own will: whoever looks next may have what it leaves. */
export function giveBack(database: Database, owner: string): Promise<void> {
  return database.transaction(async (transaction) => {
    await removeWorker(transaction, owner)
    await transaction.updateTable('generations').set({ owner: null }).where('owner', '=', owner).where('state', 'in', unfinished).execute()
  })
}
