import { Kysely, sql } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'

import { connectDedicated, createPostgresDialect, noTimeouts, type StatementTimeouts } from '../../src/storage/postgres/pool.ts'
import { type PostgresProxy, openPostgresProxy } from '../support/store/postgres-proxy.ts'
import { hasPostgres, temporaryPostgres } from './stores.ts'

interface Notes {
  notes: { text: string }
}

interface Pool {
  proxy: PostgresProxy
  statements: Kysely<Notes>
  errors: Error[]
}

/** A pool over a connection that can fail, with an empty table `notes`. */
async function openPool(times: Partial<StatementTimeouts>): Promise<Pool> {
  const proxy = await openPostgresProxy(await temporaryPostgres())
  const errors: Error[] = []
  const dialect = createPostgresDialect(proxy.url, (error) => errors.push(error), { timeouts: { ...noTimeouts, ...times } })
  const statements = new Kysely<Notes>({ dialect })
  onTestFinished(() => statements.destroy())
  await sql`create table notes (text text primary key)`.execute(statements)
  return { proxy, statements, errors }
}

async function notes(statements: Kysely<Notes>): Promise<string[]> {
  return (await statements.selectFrom('notes').select('text').orderBy('text').execute()).map(({ text }) => text)
}

describe.skipIf(!hasPostgres)('statements on PostgreSQL', () => {
  it('fail if the server falls silent, and the next one gets another connection', async () => {
    const { proxy, statements, errors } = await openPool({ silenceMs: 500 })
    proxy.swallow()
    await expect(notes(statements)).rejects.toMatchObject({ name: 'StoreSilentError', code: 'ETIMEDOUT' })
    expect(await notes(statements)).toEqual([])
    expect(errors).toEqual([expect.objectContaining({ name: 'StoreSilentError' })])
  })

  it('of a transaction are rolled back if the server falls silent, and its connection is not reused', async () => {
    const { proxy, statements } = await openPool({ silenceMs: 500 })
    const broken = statements.transaction().execute(async (transaction) => {
      await transaction.insertInto('notes').values({ text: 'begun' }).execute()
      proxy.swallow()
      await transaction.insertInto('notes').values({ text: 'never received' }).execute()
    })
    await expect(broken).rejects.toThrow()
    expect(await notes(statements)).toEqual([])
    await statements.insertInto('notes').values({ text: 'later' }).execute()
    expect(await notes(statements)).toEqual(['later'])
  })

  it('do not wait for a lock for ever: the transaction is rolled back and its connection stays usable', async () => {
    const { statements, errors } = await openPool({ lockMs: 200 })
    await statements.insertInto('notes').values({ text: 'locked' }).execute()
    await statements.transaction().execute(async (holder) => {
      await holder.selectFrom('notes').select('text').forUpdate().execute()
      const waiting = statements.transaction().execute(async (transaction) => {
        await transaction.insertInto('notes').values({ text: 'undone' }).execute()
        await transaction.updateTable('notes').set({ text: 'changed' }).where('text', '=', 'locked').execute()
      })
      await expect(waiting).rejects.toMatchObject({ code: '55P03' })
    })
    expect(await notes(statements)).toEqual(['locked'])
    expect(errors).toEqual([])
  })

  it('are ended by the server after the timeout', async () => {
    const { statements } = await openPool({ statementMs: 200 })
    await expect(sql`select pg_sleep(60)`.execute(statements)).rejects.toMatchObject({ code: '57014' })
  })
})

describe.skipIf(!hasPostgres)('a dedicated connection', () => {
  it('stays open while the server responds, and ends if it falls silent', async () => {
    const proxy = await openPostgresProxy(await temporaryPostgres())
    const client = await connectDedicated(proxy.url, { everyMs: 50, timeoutMs: 3000 })
    const ended = new Promise((resolve) => client.once('end', resolve))
    expect((await client.query('select pg_sleep(0.3)')).rowCount).toBe(1)
    proxy.swallow()
    await ended
  })

  it('can be ended while the server does not respond', async () => {
    const proxy = await openPostgresProxy(await temporaryPostgres())
    const client = await connectDedicated(proxy.url)
    proxy.swallow()
    await client.end()
  })
})
