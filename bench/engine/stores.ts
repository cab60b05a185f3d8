import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

import SQLite from 'better-sqlite3'
import { z } from 'zod'

import { openDatabase } from '../../src/storage/database.ts'
import { queryPostgres, serverUrl, temporaryFolder, temporaryPostgres } from '../shared/stores.ts'
import type { Start } from './load-process.ts'

/** An empty store of one run. */
export interface EngineStore<Location extends Start['store']> {
  location: Location
  /** Throws unless this many clips were posted and paid, and nothing else is there. */
  check: (clips: number) => Promise<void>
}

const Checked = z.array(z.object({ what: z.string(), rows: z.coerce.number() }))
const checkStatement = `select state as what, count(*) as rows from generations group by state
  union all select kind, count(*) from ledger group by kind order by 1`

export async function createSqliteStore(cleanup: AsyncDisposableStack): Promise<EngineStore<{ file: string }>> {
  const location = { file: join(await temporaryFolder(cleanup), 'rushes.db') }
  return {
    location,
    check: (clips) => {
      const database = new SQLite(location.file, { readonly: true })
      try {
        assertSettled(database.prepare(checkStatement).all(), clips)
        return Promise.resolve()
      } finally {
        database.close()
      }
    },
  }
}

export async function createPostgresStore(cleanup: AsyncDisposableStack): Promise<EngineStore<{ url: string }>> {
  const location = { url: await temporaryPostgres(cleanup) }
  // Migrated here, so that no process of the run does it.
  await (await openDatabase(location)).close()
  return { location, check: async (clips) => assertSettled(await queryPostgres(location.url, checkStatement), clips) }
}

function assertSettled(rows: unknown[], clips: number): void {
  const found = Checked.parse(rows)
    .map(({ what, rows: count }) => `${count} ${what}`)
    .join(', ')
  const expected = [`${clips} capture`, `${clips} done`, `${clips} reserve`].join(', ')
  if (found !== expected) throw new Error(`the store has ${found}; expected ${expected}`)
}

/** All commits in a database so far. Waits until its connections are closed: a server process publishes its count at its end. */
export async function countCommits(url: string): Promise<number> {
  const name = new URL(url).pathname.slice(1)
  const isOpen = async () => (await queryPostgres(serverUrl, `select 1 from pg_stat_activity where datname = '${name}'`)).length > 0
  while (await isOpen()) await wait(50)
  const rows = await queryPostgres(serverUrl, `select xact_commit as commits from pg_stat_database where datname = '${name}'`)
  return z.array(z.object({ commits: z.coerce.number() })).parse(rows)[0]?.commits ?? 0
}
