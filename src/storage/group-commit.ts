import type { Transaction } from 'kysely'

import { Refusal } from '../domain/refusal.ts'
import { createBatches } from '../lib/concurrency/batches.ts'
import type { Database, Statements } from './database.ts'
import { StoredRowError } from './json-columns.ts'
import type { Schema } from './schema.ts'

/** The most items of one transaction: it holds its locks until all of them are written. */
const most = 50

/** Does the work of all items in one transaction. Returns for each, in their order, a function that returns its result or throws its error. */
export type GroupWork<Item, Result> = (
  transaction: Transaction<Schema>,
  items: readonly Item[],
  database: Database,
) => Promise<readonly (() => Result)[]>

/**
 * Group commit: items of one kind that wait for the store of this process at the same time share a transaction. Each is durable when its promise resolves.
 * An error that only one of them may have caused rolls the transaction back, and each is tried in one of its own; any other error is that of all.
 */
export function createGroupCommit<Item, Result>(work: GroupWork<Item, Result>): (database: Database, item: Item) => Promise<Result> {
  const groups = new WeakMap<Database, (item: Item) => Promise<Result>>()
  return (database, item) => {
    const known = groups.get(database)
    if (known) return known(item)
    const workAll = (items: readonly Item[]) => database.transaction((transaction) => work(transaction, items, database))
    const add = createBatches({ work: workAll, most, mayBeOfOne })
    groups.set(database, add)
    return add(item)
  }
}

/**
 * One statement for what is read at the same time. Each key is read after it was asked for, as by a statement of its own. In a transaction every key is read
 * alone, because the others would wait for its turn.
 */
export function createGroupRead<Key, Result>(
  read: (statements: Statements, keys: readonly Key[]) => Promise<readonly (() => Result)[]>,
): (statements: Statements, key: Key) => Promise<Result> {
  const groups = new WeakMap<Statements, (key: Key) => Promise<Result>>()
  return async (statements, key) => {
    if (statements.isTransaction) {
      const [result] = await read(statements, [key])
      if (!result) throw new Error('a read returned too few results')
      return result()
    }
    const known = groups.get(statements)
    if (known) return known(key)
    const add = createBatches({ work: (keys: readonly Key[]) => read(statements, keys), most })
    groups.set(statements, add)
    return add(key)
  }
}

/** A refused request, a row that cannot be read, a violated constraint. After a lost connection or a timeout every item would wait for the next one. */
function mayBeOfOne(error: unknown): boolean {
  if (error instanceof Refusal || error instanceof StoredRowError) return true
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return code.startsWith('SQLITE_CONSTRAINT') || /^2[23]...$/.test(code)
}
