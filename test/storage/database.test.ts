import { symlinkSync } from 'node:fs'
import { join } from 'node:path'

import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'

import { openAlongside, openDatabase, type Statements } from '../../src/storage/database.ts'
import { storeImage, readImage } from '../../src/storage/images.ts'
import { StoreFullError } from '../../src/storage/sqlite/dialect.ts'
import { StoreLockedError } from '../../src/storage/sqlite/file-lock.ts'
import { NewerStoreError } from '../../src/storage/migrate.ts'
import { temporaryFolder } from '../support/store/database.ts'
import { openPlace, openStore, stores } from './stores.ts'

/** Takes several milliseconds on any machine. */
const slowStatement = (statements: Statements) =>
  sql`with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < 300000) select max(n) from numbers`.execute(
    statements,
  )

describe('the SQLite file', () => {
  it('belongs to one process at a time and is free once closed', async () => {
    const file = join(temporaryFolder(), 'rushes.db')
    const first = await openDatabase({ file })
    await expect(openDatabase({ file })).rejects.toBeInstanceOf(StoreLockedError)
    await first.close()
    const second = await openDatabase({ file })
    await second.close()
  })

  it.each(['before', 'after'])('is locked under all its names: a symbolic link made %s it opens no second time', async (when) => {
    const [file, link] = [join(temporaryFolder(), 'rushes.db'), join(temporaryFolder(), 'link.db')]
    if (when === 'before') symlinkSync(file, link)
    await openPlace({ file: when === 'before' ? link : file })
    if (when === 'after') symlinkSync(file, link)
    await expect(openDatabase({ file: when === 'before' ? file : link })).rejects.toBeInstanceOf(StoreLockedError)
  })

  it('answers with the columns that a table has now, however often it was asked before', async () => {
    const { statements } = await openPlace({ file: join(temporaryFolder(), 'rushes.db') })
    await statements.insertInto('keyv').values({ key: 'a', value: '1', expires_at: null }).execute()
    const read = () => statements.selectFrom('keyv').selectAll().executeTakeFirst()
    expect(await read()).toEqual({ key: 'a', value: '1', expires_at: null })
    await sql`alter table keyv add column colour text default 'red'`.execute(statements)
    expect(await read()).toEqual({ key: 'a', value: '1', expires_at: null, colour: 'red' })
  })

  it('reports a full disk as such, and continues once there is space', async () => {
    const file = join(temporaryFolder(), 'rushes.db')
    const database = await openPlace({ file })
    const { statements } = database
    const { rows } = await sql<{ page_count: number }>`pragma page_count`.execute(statements)
    const limit = (pages: number) => sql`pragma max_page_count = ${sql.lit(pages)}`.execute(statements)
    await limit((rows[0]?.page_count ?? 0) + 3)
    const fill = () =>
      database.transaction(async (transaction) => {
        await transaction.insertInto('keyv').values({ key: 'small', value: '1', expires_at: null }).execute()
        await transaction
          .insertInto('keyv')
          .values({ key: 'large', value: 'x'.repeat(1_000_000), expires_at: null })
          .execute()
      })
    await expect(fill()).rejects.toBeInstanceOf(StoreFullError)
    await expect(fill()).rejects.toThrow(`the disk that holds ${file} is full: free some space`)
    expect(await statements.selectFrom('keyv').select('key').execute()).toEqual([])
    await limit(1_000_000)
    await fill()
    expect(await statements.selectFrom('keyv').select('key').execute()).toHaveLength(2)
  })

  it.each(['transactions', 'statements'] as const)('lets the event loop turn between %s that wait for each other', async (kind) => {
    const database = await openPlace({ file: join(temporaryFolder(), 'rushes.db') })
    const ended: number[] = []
    const work = Array.from({ length: 3 }, async (_, index) => {
      if (kind === 'transactions') await database.transaction((transaction) => slowStatement(transaction))
      else await slowStatement(database.statements)
      ended.push(index)
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(ended).not.toHaveLength(3)
    await Promise.all(work)
    expect(ended).toEqual([0, 1, 2])
  })

  it('writes every commit through to the disk', async () => {
    const database = await openPlace({ file: join(temporaryFolder(), 'rushes.db') })
    const mode = await sql<{ synchronous: number }>`pragma synchronous`.execute(database.statements)
    expect(mode.rows[0]?.synchronous).toBe(2)
  })
})

describe.each(stores)('the store on $name', (store) => {
  it('rolls back all of a failed transaction', async () => {
    const database = await openStore(store)
    const failed = database.transaction(async (transaction) => {
      await transaction.insertInto('keyv').values({ key: 'a', value: '1', expires_at: null }).execute()
      throw new Error('half way')
    })
    await expect(failed).rejects.toThrow('half way')
    expect(await database.statements.selectFrom('keyv').selectAll().execute()).toEqual([])
  })

  it('stores the same image once', async () => {
    const database = await openStore(store)
    const image = { sha256: 'ab', mediaType: 'image/png', width: 300, height: 300, sizeBytes: 3, bytes: Uint8Array.of(0, 255, 3) } as const
    await storeImage(database.statements, image, 1)
    await storeImage(database.statements, image, 2)
    expect([...((await readImage(database.statements, image))?.bytes ?? [])]).toEqual([0, 255, 3])
    expect(await database.statements.selectFrom('images').select('created_at').execute()).toEqual([{ created_at: 2 }])
  })

  it('returns money and times as exact numbers', async () => {
    const database = await openStore(store)
    const wallet = { scope: 'guild', owner_id: '1', period: 'day', period_key: 'x', reserved: Number.MAX_SAFE_INTEGER, spent: 0 } as const
    await database.statements.insertInto('wallets').values(wallet).execute()
    expect(await database.statements.selectFrom('wallets').selectAll().execute()).toEqual([wallet])
    const { rows } = await sql<{ now: number }>`select ${database.now} as now`.execute(database.statements)
    expect(Math.abs((rows[0]?.now ?? 0) - Date.now())).toBeLessThan(600_000)
  })

  it('keeps its rows when it is opened again, and can be read beside a running bot', async () => {
    const place = await store.place()
    const first = await openDatabase(place)
    await first.statements.insertInto('keyv').values({ key: 'a', value: '1', expires_at: null }).execute()
    await first.close()
    const again = await openPlace(place)
    const beside = openAlongside(place)
    expect(await again.statements.selectFrom('keyv').select('value').execute()).toEqual([{ value: '1' }])
    expect(await beside.statements.selectFrom('keyv').select('value').execute()).toEqual([{ value: '1' }])
    await beside.close()
  })

  it('refuses a database of a newer version and says what to do', async () => {
    const place = await store.place()
    const database = await openDatabase(place)
    await sql`insert into kysely_migration (name, timestamp) values ('0099-later', '2030-01-01T00:00:00.000Z')`.execute(database.statements)
    await database.close()
    const refused = openDatabase(place)
    await expect(refused).rejects.toBeInstanceOf(NewerStoreError)
    await expect(refused).rejects.toThrow(/newer version of Rushes \(it has 0099-later\): start that version/)
  })
})
