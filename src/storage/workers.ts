import { sql } from 'kysely'

import type { ProviderId } from '../domain/provider-id.ts'
import type { Database, Statements } from './database.ts'

/** Adds a process that makes clips, with the providers that it has keys for. All times are the database's, so that no process's clock matters. */
export async function addWorker(
  statements: Statements,
  { now }: Database,
  { id, role, providers }: { id: string; role: string; providers: readonly ProviderId[] },
): Promise<void> {
  await statements
    .insertInto('workers')
    .values({ id, role, providers: providers.join(' '), started_at: now, heartbeat_at: now })
    .execute()
}

/** Returns false if the worker was removed before: then its generations belong to others. */
export async function recordHeartbeat(statements: Statements, { now }: Database, id: string): Promise<boolean> {
  const row = await statements.updateTable('workers').set({ heartbeat_at: now }).where('id', '=', id).returning('id').executeTakeFirst()
  return row !== undefined
}

export async function removeWorker(statements: Statements, id: string): Promise<void> {
  await statements.deleteFrom('workers').where('id', '=', id).execute()
}

/**
 * Removes the workers without a heartbeat for `expiryMs`. Skips locked rows: waiting behind a stalled process would block our own heartbeat. Its row
 * is removed once the server has ended its transaction.
 */
export async function removeSilentWorkers(statements: Statements, { now, sharedUrl }: Database, expiryMs: number): Promise<void> {
  const silent = await statements
    .selectFrom('workers')
    .select('id')
    .where('heartbeat_at', '<', sql<number>`${now} - ${sql.lit(expiryMs)}`)
    .$if(sharedUrl !== undefined, (query) => query.forUpdate().skipLocked())
    .execute()
  for (const { id } of silent) await removeWorker(statements, id)
}

/** The live workers: the one that started first (the same for all, once they see the same workers), since when, and the providers that they serve. */
export async function readWorkers(statements: Statements): Promise<{ eldest: string | undefined; since: number; served: Set<ProviderId> }> {
  const workers = await statements
    .selectFrom('workers')
    .select(['id', 'providers', 'started_at'])
    .orderBy('started_at')
    .orderBy('id')
    .execute()
  const [eldest] = workers
  return {
    eldest: eldest?.id,
    since: eldest?.started_at ?? 0,
    served: new Set(workers.flatMap(({ providers }) => providers.split(' ').filter((id) => id !== ''))),
  }
}
