import { describe, expect, it } from 'vitest'

import { Refusal } from '../../src/domain/refusal.ts'
import type { Database } from '../../src/storage/database.ts'
import { createGroupCommit } from '../../src/storage/group-commit.ts'
import { StoredRowError } from '../../src/storage/json-columns.ts'
import { openStore, stores } from './stores.ts'

/** Writes a key of each item, and throws what an item brings. */
const writeKeys = createGroupCommit(async (transaction, items: readonly { key: string; error?: Error }[]) => {
  await transaction
    .insertInto('keyv')
    .values(items.map(({ key }) => ({ key, value: '', expires_at: null })))
    .execute()
  for (const { error } of items) if (error) throw error
  return items.map(
    ({ key }) =>
      () =>
        key,
  )
})

/** The same store; how many transactions it began is counted. */
function counting(database: Database) {
  const counts = { transactions: 0 }
  const transaction: Database['transaction'] = (work) => {
    counts.transactions += 1
    return database.transaction(work)
  }
  return { counts, database: { ...database, transaction } }
}

async function keysOf({ statements }: Database): Promise<string[]> {
  return (await statements.selectFrom('keyv').select('key').orderBy('key').execute()).map(({ key }) => key)
}

describe.each(stores)('a group commit on $name', (store) => {
  it('writes what waits at the same time in one transaction, each store for itself', async () => {
    const [one, other] = [counting(await openStore(store)), counting(await openStore(store))]
    const writing = [...['a', 'b', 'c'].map((key) => writeKeys(one.database, { key })), writeKeys(other.database, { key: 'd' })]
    expect(await Promise.all(writing)).toEqual(['a', 'b', 'c', 'd'])
    expect([one.counts.transactions, other.counts.transactions]).toEqual([1, 1])
    expect([await keysOf(one.database), await keysOf(other.database)]).toEqual([['a', 'b', 'c'], ['d']])
  })

  it.each([
    ['is refused', { key: 'b', error: new Refusal('prompt-empty') }],
    ['cannot be read', { key: 'b', error: new StoredRowError('column') }],
    ['violates a constraint', { key: 'x' }],
  ])('writes the others where one %s', async (_, bad) => {
    const { counts, database } = counting(await openStore(store))
    await writeKeys(database, { key: 'x' })
    const written = await Promise.allSettled([
      writeKeys(database, { key: 'a' }),
      writeKeys(database, bad),
      writeKeys(database, { key: 'c' }),
    ])
    expect(written.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await keysOf(database)).toEqual(['a', 'c', 'x'])
    expect(counts.transactions).toBe(5)
  })

  it('writes none where the store itself fails, and tries none of them again', async () => {
    const { counts, database } = counting(await openStore(store))
    const lost = { key: 'b', error: new Error('Connection terminated unexpectedly') }
    const written = await Promise.allSettled([{ key: 'a' }, lost].map((item) => writeKeys(database, item)))
    expect(written.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    expect([counts.transactions, await keysOf(database)]).toEqual([1, []])
  })
})
