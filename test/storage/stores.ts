import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { Client } from 'pg'
import { onTestFinished } from 'vitest'

import type { StoreLocation } from '../../src/config/config.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { temporaryFolder } from '../support/store/database.ts'

/** The PostgreSQL server for tests; TEST_DATABASE_URL names another one. */
export const serverUrl = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'

/** One kind of store that the contract suites run on. */
export interface Store {
  name: 'SQLite' | 'PostgreSQL'
  /** An empty location, removed with the test. */
  place(): Promise<StoreLocation>
}

const sqlite: Store = { name: 'SQLite', place: () => Promise.resolve({ file: join(temporaryFolder(), 'rushes.db') }) }
const postgres: Store = { name: 'PostgreSQL', place: async () => ({ url: await temporaryPostgres() }) }

/** Without a server these tests are skipped, visibly; in CI that is a failure. */
export const hasPostgres = Boolean(process.env['CI']) || (await answers())
if (!hasPostgres) process.stderr.write('SKIPPED: no PostgreSQL answers, so nothing was tested on it (TEST_DATABASE_URL names a server)\n')

/** For `describe.each`: one contract, every kind of store. */
export const stores: readonly Store[] = hasPostgres ? [sqlite, postgres] : [sqlite]

/** A fresh store of this kind, closed with the test. */
export async function openStore(store: Store): Promise<Database> {
  return openPlace(await store.place())
}

/** Opens a location, possibly again; closed with the test. */
export async function openPlace(location: StoreLocation): Promise<Database> {
  const database = await openDatabase(location)
  onTestFinished(() => database.close())
  return database
}

/**
 * The URL of an empty database, dropped with the test. A schema would not be enough: a migration reads all tables and would fail on those that
 * another test is dropping.
 */
export async function temporaryPostgres(): Promise<string> {
  const name = `rushes_${randomBytes(8).toString('hex')}`
  await administer(`create database ${name} template template0`)
  onTestFinished(() => administer(`drop database ${name} with (force)`))
  const url = new URL(serverUrl)
  url.pathname = name
  return url.href
}

async function administer(statement: string): Promise<void> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

async function answers(): Promise<boolean> {
  try {
    await administer('select 1')
    return true
  } catch {
    return false
  }
}
