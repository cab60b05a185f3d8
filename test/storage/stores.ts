import { randomBytes } from 'node:crypto'
import { copyFileSync } from 'node:fs'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import type { StoreLocation } from '../../src/config/config.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { temporaryFolder } from '../support/store/database.ts'
import { giveBack, takeDatabase } from '../support/store/reused-databases.ts'
import { administer, templates, urlOf } from '../support/store/templates.ts'

/** One kind of store that the contract suites run on. */
export interface Store {
  name: 'SQLite' | 'PostgreSQL'
  /** An empty location, removed with the test. */
  place(): Promise<StoreLocation>
  /** A location with the tables of this version and no rows, removed with the test. */
  placeWithTables(): Promise<StoreLocation>
}

const sqlite: Store = {
  name: 'SQLite',
  place: () => Promise.resolve({ file: join(temporaryFolder(), 'rushes.db') }),
  placeWithTables: () => {
    const file = join(temporaryFolder(), 'rushes.db')
    copyFileSync(templates().file, file)
    return Promise.resolve({ file })
  },
}
const postgres: Store = {
  name: 'PostgreSQL',
  place: async () => ({ url: await emptyPostgres() }),
  placeWithTables: async () => ({ url: await temporaryPostgres() }),
}

/** Without a server these tests are skipped, visibly; in CI that is a failure. */
export const hasPostgres = Boolean(process.env['CI']) || (await answers())
if (!hasPostgres) process.stderr.write('SKIPPED: no PostgreSQL answers, so nothing was tested on it (TEST_DATABASE_URL names a server)\n')

/** For `describe.each`: one contract, every kind of store. */
export const stores: readonly Store[] = hasPostgres ? [sqlite, postgres] : [sqlite]

/** A fresh store of this kind, closed with the test. */
export async function openStore(store: Store): Promise<Database> {
  return openPlace(await store.placeWithTables())
}

/** Opens a location, possibly again; closed with the test. */
export async function openPlace(location: StoreLocation): Promise<Database> {
  const database = await openDatabase(location)
  onTestFinished(() => database.close())
  return database
}

/** The URL of a database with the tables of this version and no rows, which the next test reuses. */
export async function temporaryPostgres(): Promise<string> {
  const name = await takeDatabase()
  onTestFinished(() => giveBack(name))
  return urlOf(name)
}

/**
 * The URL of an empty database, dropped with the test. A schema would not be enough: a migration reads all tables and would fail on those that
 * another test is dropping.
 */
export async function emptyPostgres(): Promise<string> {
  const name = `rushes_${randomBytes(8).toString('hex')}`
  await administer(`create database ${name} template template0`)
  onTestFinished(() => administer(`drop database ${name} with (force)`))
  return urlOf(name)
}

async function answers(): Promise<boolean> {
  try {
    await administer('select 1')
    return true
  } catch {
    return false
  }
}
