import { Hookified } from 'hookified'
import { Keyv, keyvStorageCapability, type KeyvStorageAdapter, type KeyvStorageEntry, type KeyvStorageGetResult } from 'keyv'
import { sql } from 'kysely'

import type { Database } from './database.ts'

/** Keyv over the same database, for key-value data other than money. Errors are thrown, never taken for a missing value. */
export function createKeyv(database: Database, namespace: string): Keyv {
  const keyv = new Keyv({ store: new DatabaseKeyvAdapter(database, namespace), namespace })
  // By default a failed read emits an event and returns `undefined`: "no settings", which would let paid work through.
  keyv.throwOnEmitError = true
  return keyv
}

/** Keyv's storage contract on the `keyv` table. `expires` is an absolute time in milliseconds since the epoch. */
class DatabaseKeyvAdapter extends Hookified implements KeyvStorageAdapter {
  namespace: string | undefined
  readonly #database: Database

  constructor(database: Database, namespace: string) {
    super()
    this.#database = database
    this.namespace = namespace
  }

  get capabilities() {
    return keyvStorageCapability(this)
  }

  async get<Value>(key: string): Promise<KeyvStorageGetResult<Value>> {
    return (await this.getMany<Value>([key]))[0] as KeyvStorageGetResult<Value>
  }

  async getMany<Value>(keys: string[]): Promise<KeyvStorageGetResult<Value | undefined>[]> {
    const rows = await this.#live()
      .where(
        'key',
        'in',
        keys.map((key) => this.#withNamespace(key)),
      )
      .execute()
    const values = new Map(rows.map((row) => [row.key, row.value]))
    return keys.map((key) => values.get(this.#withNamespace(key)))
  }

  async set(key: string, value: unknown, expires?: number): Promise<boolean> {
    const row = {
      key: this.#withNamespace(key),
      value: typeof value === 'string' ? value : JSON.stringify(value),
      expires_at: expires ?? null,
    }
    await this.#database.statements
      .insertInto('keyv')
      .values(row)
      .onConflict((conflict) => conflict.column('key').doUpdateSet({ value: row.value, expires_at: row.expires_at }))
      .execute()
    return true
  }

  async setMany<Value>(entries: KeyvStorageEntry<Value>[]): Promise<boolean[]> {
    return Promise.all(entries.map((entry) => this.set(entry.key, entry.value, entry.expires)))
  }

  async delete(key: string): Promise<boolean> {
    return (await this.deleteMany([key]))[0] ?? false
  }

  async deleteMany(keys: string[]): Promise<boolean[]> {
    const namespaced = keys.map((key) => this.#withNamespace(key))
    const gone = await this.#database.statements.deleteFrom('keyv').where('key', 'in', namespaced).returning('key').execute()
    const deleted = new Set(gone.map((row) => row.key))
    return namespaced.map((key) => deleted.has(key))
  }

  async clear(): Promise<void> {
    const prefix = this.#withNamespace('')
    await this.#database.statements
      .deleteFrom('keyv')
      .where(sql<string>`substr(key, 1, ${prefix.length})`, '=', prefix)
      .execute()
  }

  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return (await this.getMany(keys)).map((value) => value !== undefined)
  }

  /** Keyv passes bare keys and leaves the namespace to its adapter. */
  #withNamespace(key: string): string {
    return `${this.namespace ?? ''}:${key}`
  }

  #live() {
    return this.#database.statements
      .selectFrom('keyv')
      .selectAll()
      .where((where) => where.or([where('expires_at', 'is', null), where('expires_at', '>', Date.now())]))
  }
}
