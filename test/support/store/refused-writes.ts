import { sql } from 'kysely'

import type { Database } from '../../../src/storage/database.ts'

export const refusal = 'refused for a test'

/** Makes the store refuse one kind of update, as a full disk would; all others succeed. Undone by the returned function. */
export async function refuseUpdates(database: Database, table: 'attempts' | 'provider_state', when: string): Promise<() => Promise<void>> {
  const run = async (statement: string): Promise<void> => {
    await sql.raw(statement).execute(database.statements)
  }
  const isShared = database.sharedUrl !== undefined
  if (isShared) await run(`create function refuse() returns trigger language plpgsql as $$ begin raise exception '${refusal}'; end $$`)
  const effect = isShared ? 'execute function refuse()' : `begin select raise(abort, '${refusal}'); end`
  await run(`create trigger refused before update on ${table} for each row when (${when}) ${effect}`)
  return () => run(`drop trigger refused${isShared ? ` on ${table}` : ''}`)
}
