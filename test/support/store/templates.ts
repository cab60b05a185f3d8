import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { Client } from 'pg'

import { openDatabase } from '../../../src/storage/database.ts'

/** The PostgreSQL server for tests; TEST_DATABASE_URL names another one. */
export const serverUrl = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'

/** Sends one statement to the server for tests. */
export async function administer(statement: string): Promise<void> {
  await query(statement)
}

async function query(statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: serverUrl })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

/** The URL of a database on the server for tests. */
export function urlOf(database: string): string {
  const url = new URL(serverUrl)
  url.pathname = database
  return url.href
}

/** An empty store with the tables of this version, which tests copy: making these tables for each test took longer than most tests. */
export interface Templates {
  /** A file of SQLite that no process has open. */
  file: string
  /** The name of a database of PostgreSQL, which no process uses. Undefined without a server. */
  database: string | undefined
}

/** @param folder where the file is put; whoever made it removes it. */
export async function createTemplates(folder: string): Promise<Templates> {
  const file = join(folder, 'template.db')
  await (await openDatabase({ file })).close()
  const database = `rushes_template_${randomBytes(8).toString('hex')}`
  const isCreated = await administer(`create database ${database} template template0`).then(
    () => true,
    () => false,
  )
  if (isCreated) await (await openDatabase({ url: urlOf(database) })).close()
  return { file, database: isCreated ? database : undefined }
}

/** Drops the template and the databases that tests reuse, whose names begin with its name. */
export async function dropTemplates({ database }: Templates): Promise<void> {
  if (database === undefined) return
  const named = await query(`select datname from pg_database where starts_with(datname, '${database}')`)
  for (const { datname } of named) await administer(`drop database ${String(datname)} with (force)`)
}

/** The templates of this run, as `test/run-folder.ts` made them. */
export function templates(): Templates {
  const file = process.env['TEST_STORE_FILE']
  if (file === undefined) throw new Error('there are no templates: vitest has not run test/run-folder.ts')
  return { file, database: process.env['TEST_STORE_DATABASE'] }
}
