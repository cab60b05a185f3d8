import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { GenerationRow } from '../../storage/schema.ts'
import { recordHeartbeat, removeSilentWorkers, removeWorker } from '../../storage/workers.ts'
import { type Generation, unfinished } from '../model/generation.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { toGenerations } from '../store/generations.ts'

export interface Adoption {
  owner: string
  /** Not where another worker has the provider's key, or may soon have it again. */
  mayAdopt: (orphan: { provider: ProviderId; createdAt: number }) => boolean
}

/** On a store of our own every claim of another owner belongs to a process that is gone, because we hold the store's lock. */
export async function adoptAll(database: Database, { owner, mayAdopt }: Adoption): Promise<Generation[]> {
  const orphans = await database.statements
    .selectFrom('generations')
    .select(['id', 'provider', 'created_at as createdAt'])
    .where('state', 'in', unfinished)
    .where((where) => where.or([where('owner', 'is', null), where('owner', '!=', owner)]))
    .execute()
  return toGenerations(database, await adopt(database.statements, orphans.filter(mayAdopt), owner))
}

/**
 * The claims under our own name that are not running here: they were claimed, adopted or resumed by a statement whose response was lost, and no other
 * process would ever run them.
 */
export async function listOwned(database: Database, owner: string, running: ReadonlySet<string>): Promise<Generation[]> {
  // Only the ids: thousands run, and none of them is missing but for a fault.
  const owned = database.statements.selectFrom('generations').where('owner', '=', owner).where('state', 'in', unfinished)
  const ids = (await owned.select('id').execute()).map(({ id }) => id).filter((id) => !running.has(id))
  if (ids.length === 0) return []
  return toGenerations(database, await owned.selectAll().where('id', 'in', ids).execute())
}

/**
 * Adopts claims without a live owner: returned ones, and those of workers that were silent for `expiryMs`. Several processes may try at once; each orphan
 * gets one owner. Throws `LeaseLost` if this process itself is considered dead.
 */
export function adoptOrphans(database: Database, { owner, mayAdopt, expiryMs }: Adoption & { expiryMs: number }): Promise<Generation[]> {
  return database.transaction(async (transaction) => {
    // A worker that was removed would find its own running clips among the orphans.
    if (!(await recordHeartbeat(transaction, database, owner))) throw new LeaseLost('another process considered this one dead')
    await removeSilentWorkers(transaction, database, expiryMs)
    const orphans = await transaction
      .selectFrom('generations')
      .select(['id', 'provider', 'created_at as createdAt'])
      .where('state', 'in', unfinished)
      // Not `not exists`: PostgreSQL may plan it as a join, which is not evaluated again for a row that another process adopted first.
      .where((where) => where.or([where('owner', 'is', null), where('owner', 'not in', where.selectFrom('workers').select('id'))]))
      // Skip locked rows: waiting behind a stalled process, with our own row locked, would block our heartbeat.
      .$if(database.sharedUrl !== undefined, (query) => query.forUpdate().skipLocked())
      .execute()
    return toGenerations(database, await adopt(transaction, orphans.filter(mayAdopt), owner))
  })
}

async function adopt(statements: Statements, orphans: readonly { id: string }[], owner: string): Promise<GenerationRow[]> {
  if (orphans.length === 0) return []
  const ids = orphans.map(({ id }) => id)
  // Card edits of the former owners ended with them.
  return statements.updateTable('generations').set({ owner, card_edits: 0 }).where('id', 'in', ids).returningAll().execute()
}

/** The worker ends by its own decision: others may adopt its claims at once. */
export function returnClaims(database: Database, owner: string): Promise<void> {
  return database.transaction(async (transaction) => {
    await removeWorker(transaction, owner)
    await transaction.updateTable('generations').set({ owner: null }).where('owner', '=', owner).where('state', 'in', unfinished).execute()
  })
}
