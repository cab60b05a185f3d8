import { Keyv, KeyvBridgeAdapter, type KeyvBridgeStore } from 'keyv'
import { sql } from 'kysely'

import type { Database } from './database.ts'

/** Keyv over the same database, for key-value data other than money. Errors are thrown, never taken for a missing value. */
export function createKeyv(database: Database, namespace: string): Keyv {
  const keyv = new Keyv({ store: new KeyvBridgeAdapter(createStore(database, `${namespace}:`)) })
  // By default a failed read emits an event and returns `undefined`: "no settings", which would let paid work through.
  keyv.throwOnEmitError = true
  return keyv
}

/** The entries of the `keyv` table whose keys begin with `prefix`. Expiry is Keyv's: it is part of the value. */
function createStore({ statements }: Database, prefix: string): KeyvBridgeStore {
  return {
    async get(key) {
      const row = await statements.selectFrom('keyv').select('value').where('key', '=', `${prefix}${key}`).executeTakeFirst()
      return row?.value
    },
    async set(key, value: string) {
      await statements
        .insertInto('keyv')
        .values({ key: `${prefix}${key}`, value, expires_at: null })
        .onConflict((conflict) => conflict.column('key').doUpdateSet({ value }))
        .execute()
    },
    async delete(key) {
      const row = await statements.deleteFrom('keyv').where('key', '=', `${prefix}${key}`).returning('key').executeTakeFirst()
      return row !== undefined
    },
    async clear() {
      await statements
        .deleteFrom('keyv')
        .where(sql<string>`substr(key, 1, ${prefix.length})`, '=', prefix)
        .execute()
    },
  }
}
