import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import pg from 'pg'

/** The PostgreSQL server that benches create their databases on. */
export const serverUrl = process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test'

/** A folder that is removed with the bench. */
export async function temporaryFolder(cleanup: AsyncDisposableStack): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'rushes-bench-'))
  cleanup.defer(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** The URL of an empty database on the PostgreSQL server, dropped with the bench. */
export async function temporaryPostgres(cleanup: AsyncDisposableStack): Promise<string> {
  const name = `rushes_bench_${randomBytes(6).toString('hex')}`
  await queryPostgres(serverUrl, `create database ${name}`)
  cleanup.defer(async () => {
    await queryPostgres(serverUrl, `drop database if exists ${name} with (force)`)
  })
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return url.href
}

/** One statement over a connection of its own. */
export async function queryPostgres(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
