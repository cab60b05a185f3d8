import { Client } from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'

import { acceptGeneration } from '../support/store/generations.ts'
import { giveBack, takeDatabase } from '../support/store/reused-databases.ts'
import { urlOf } from '../support/store/templates.ts'
import { hasPostgres, openPlace } from './stores.ts'

async function connect(name: string): Promise<Client> {
  const client = new Client({ connectionString: urlOf(name) })
  client.on('error', () => undefined)
  await client.connect()
  onTestFinished(() => client.end().catch(() => undefined))
  return client
}

/** All rows of all tables. */
async function contentsOf(name: string): Promise<Record<string, unknown>> {
  const client = await connect(name)
  const { rows } = await client.query<{ table: string }>(`select tablename as table from pg_tables where schemaname = 'public' order by 1`)
  const contents: Record<string, unknown> = {}
  for (const { table } of rows) contents[table] = (await client.query(`select * from "${table}"`)).rows
  await client.end()
  return contents
}

describe.runIf(hasPostgres)('a database of PostgreSQL that tests reuse', () => {
  it('is as new for the next test, which no session of an earlier one can disturb', async () => {
    const name = await takeDatabase()
    const asNew = await contentsOf(name)
    const database = await openPlace({ url: urlOf(name) })
    await acceptGeneration(database)
    await database.statements.deleteFrom('queue_state').execute()
    await database.close()
    expect(await contentsOf(name)).not.toEqual(asNew)
    const left = await connect(name)
    await left.query('begin')
    await left.query('lock table generations')

    await giveBack(name)
    await expect(left.query('select 1')).rejects.toThrow()
    const next = await takeDatabase()
    expect(next).toBe(name)
    expect(await contentsOf(next)).toEqual(asNew)
    await giveBack(next)
  })

  it.each([
    'create table left_behind ()',
    'alter table generations add column left_behind text',
    'create trigger left_behind before update on ledger for each row execute function suppress_redundant_updates_trigger()',
    'create index left_behind on generations (state)',
    'analyze queue_state',
    "create function left_behind() returns int language sql as 'select 1'",
  ])('is not reused after %s', async (change) => {
    const name = await takeDatabase()
    const client = await connect(name)
    await client.query(change)
    await giveBack(name)
    const next = await takeDatabase()
    onTestFinished(() => giveBack(next))
    expect(next).not.toBe(name)
  })
})
