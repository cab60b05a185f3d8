import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import { openDatabase, openMigrated } from '../../src/storage/database.ts'
import { temporaryFolder } from '../support/store/database.ts'
import { administer } from '../support/store/templates.ts'
import { hasPostgres, emptyPostgres } from './stores.ts'

/** The reason for which the store is not opened. */
async function refusalOf(opening: Promise<unknown>): Promise<string> {
  return opening.then(
    () => expect.unreachable('the store was opened'),
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
}

describe('a file that cannot be the database is refused in one sentence that says why and what to do', () => {
  it.each<[string, RegExp, (folder: string) => string]>([
    [
      'in a file',
      /\(EEXIST\): part of its path is a file/,
      (folder) => (writeFileSync(join(folder, 'a'), 'x'), join(folder, 'a', 'b', 'c.db')),
    ],
    [
      'behind a broken link',
      /a broken link where a folder/,
      (folder) => (symlinkSync('/nowhere', join(folder, 'a')), join(folder, 'a', 'c.db')),
    ],
    ['in a circle of links', /\(ELOOP\)/, (folder) => (symlinkSync('a', join(folder, 'a')), join(folder, 'a', 'c.db'))],
    ['a circle of links', /\(ELOOP\)/, (folder) => (symlinkSync('c.db', join(folder, 'c.db')), join(folder, 'c.db'))],
    ['a folder', /\(SQLITE_CANTOPEN\): it is a folder/, (folder) => (mkdirSync(join(folder, 'c.db')), join(folder, 'c.db'))],
    [
      'another kind of file',
      /no SQLite database/,
      (folder) => (writeFileSync(join(folder, 'c.db'), 'words '.repeat(99)), join(folder, 'c.db')),
    ],
  ])('%s', async (_, reason, prepare) => {
    const file = prepare(temporaryFolder())
    const message = await refusalOf(openDatabase({ file }))
    expect(message).toMatch(reason)
    expect(message).toContain(`the database file ${file} cannot be used`)
    expect(message).toMatch(/, or set DATA_DIR to another folder$/)
  })

  it('for the programs of the operator, too', async () => {
    const file = join(temporaryFolder(), 'c.db')
    writeFileSync(file, 'words '.repeat(99))
    expect(await refusalOf(openMigrated({ file }))).toMatch(/no SQLite database; move it away, or set DATA_DIR/)
  })

  it('is created with its folders where it can be', async () => {
    const database = await openDatabase({ file: join(temporaryFolder(), 'a', 'b', 'c.db') })
    await database.close()
  })
})

describe.skipIf(!hasPostgres)('a PostgreSQL server that refuses is named in one sentence that says why and what to do', () => {
  const change = (url: string, parts: Partial<Pick<URL, 'host' | 'pathname' | 'username' | 'password' | 'search'>>) =>
    Object.assign(new URL(url), parts).href

  it.each<[string, RegExp, (url: string) => string]>([
    [
      'nothing listens',
      /\(ECONNREFUSED\): nothing listens at that address; start the server/,
      (url) => change(url, { host: '127.0.0.1:1' }),
    ],
    ['no such host', /\((ENOTFOUND|EAI_AGAIN)\): its host name cannot be resolved/, (url) => change(url, { host: 'nobody.invalid' })],
    ['no such database', /\(3D000\): it has no database of this name; create it/, (url) => change(url, { pathname: '/nothing' })],
    ['no such user', /\((28000|28P01)\)/, (url) => change(url, { username: 'nobody_here', password: 'a-secret' })],
    ['no TLS', /\(no TLS\): it offers no TLS/, (url) => change(url, { search: '?sslmode=verify-full' })],
  ])('%s', async (_, reason, place) => {
    const url = place(await emptyPostgres())
    for (const open of [openDatabase, openMigrated]) {
      const message = await refusalOf(open({ url }))
      expect(message).toMatch(reason)
      expect(message).toMatch(/^the PostgreSQL server of DATABASE_URL cannot be used/)
      expect(message).not.toMatch(/a-secret|127\.0\.0\.1|nobody/)
    }
  })

  it('a user without permissions', async () => {
    const url = await emptyPostgres()
    const name = new URL(url).pathname.slice(1)
    await administer(`create role ${name} login password 'a-secret'`)
    onTestFinished(() => administer(`drop role ${name}`))
    const message = await refusalOf(openDatabase({ url: change(url, { username: name, password: 'a-secret' }) }))
    expect(message).toMatch(/\(42501\): the user lacks a permission; make it the owner/)
  })
})
