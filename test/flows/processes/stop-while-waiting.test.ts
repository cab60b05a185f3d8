import { Client } from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'

import { acquireProcessLocks } from '../../../src/storage/postgres/process-lock.ts'
import { connectDedicated } from '../../../src/storage/postgres/pool.ts'
import { hasPostgres, openPlace, emptyPostgres } from '../../storage/stores.ts'
import { temporaryFolder } from '../../support/store/database.ts'
import { startProcess } from '../../support/bot/process.ts'

async function connect(url: string): Promise<Client> {
  const client = new Client({ connectionString: url })
  await client.connect()
  onTestFinished(() => client.end())
  // Its database is dropped while it is connected.
  client.on('error', () => undefined)
  return client
}

/** Resolves once a statement of this database waits for an advisory lock. */
async function someoneWaits(client: Client): Promise<void> {
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event = 'advisory'`
  await expect.poll(async () => (await client.query(waiting)).rowCount).toBe(1)
}

describe.skipIf(!hasPostgres)('a stop while the bot starts', () => {
  it('ends the wait for another process that migrates', async () => {
    const url = await emptyPostgres()
    const migrating = await connect(url)
    // The lock of Kysely's migrations.
    await migrating.query('select pg_advisory_lock(3853314791062309107)')
    const environment = { DISCORD_TOKEN: 'a-token-that-nobody-has-given-out', FAL_KEY: 'a-key', DATABASE_URL: url }
    const bot = startProcess('start.mjs', [], { environment, folder: temporaryFolder() })
    await someoneWaits(migrating)
    bot.signal('SIGTERM')
    const { code, output } = await bot.ended
    expect([code, output]).toEqual([0, expect.stringContaining('Rushes is stopping')])
  })

  it('ends the wait for a rival that is silent', async () => {
    const url = await emptyPostgres()
    await openPlace({ url })
    const rival = await acquireProcessLocks({
      url,
      names: ['shard 0'],
      onTaken: () => undefined,
      heartbeat: { everyMs: 60_000 },
    })
    onTestFinished(() => rival.release())
    const stopping = new AbortController()
    const reason = new Error('stopped by SIGTERM')
    const observer = await connectDedicated(url)
    onTestFinished(() => observer.end())
    const starting = acquireProcessLocks({ url, names: ['shard 0'], onTaken: () => undefined, signal: stopping.signal })
    const tried = `select 1 from pg_stat_activity where datname = current_database() and query like '%pg_locks%' and pid <> pg_backend_pid()`
    await expect.poll(async () => (await observer.query(tried)).rowCount).toBe(1)
    stopping.abort(reason)
    await expect(starting).rejects.toBe(reason)
    const others = `select 1 from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`
    await expect.poll(async () => (await observer.query(others)).rowCount).toBeLessThanOrEqual(9)
  })
})
