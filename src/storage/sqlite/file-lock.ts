import { lstatSync, readlinkSync, realpathSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'

import SQLite from 'better-sqlite3'

/** Two bots on one file would each adopt the other's running jobs as orphans. */
export class StoreLockedError extends Error {
  override readonly name = 'StoreLockedError'

  constructor(file: string) {
    super(`another Rushes process is using ${file}: stop it first, or give this one its own DATA_DIR`)
  }
}

/**
 * Locks a file next to the database as long as the process lives; the operating system frees it even after `kill -9`. The short wait covers a
 * predecessor that is just ending. `file` is the real one: two names of one database must share their lock.
 */
export function lockStore(file: string): { release(): void } {
  const lock = new SQLite(`${file}.lock`)
  try {
    lock.pragma('busy_timeout = 2000')
    lock.pragma('locking_mode = EXCLUSIVE')
    lock.exec('begin exclusive')
  } catch (error) {
    lock.close()
    if (error instanceof SQLite.SqliteError && error.code.startsWith('SQLITE_BUSY')) throw new StoreLockedError(file)
    throw error
  }
  return { release: () => void lock.close() }
}

/** As many as Linux itself follows. */
const mostLinks = 40

/** The file behind symbolic links, which need not exist yet. */
export function realFile(file: string, links = mostLinks): string {
  const found = lstatSync(file, { throwIfNoEntry: false })
  if (found?.isSymbolicLink()) {
    if (links === 0) throw Object.assign(new Error('too many symbolic links'), { code: 'ELOOP' })
    return realFile(resolve(dirname(file), readlinkSync(file)), links - 1)
  }
  return join(realpathSync(dirname(file)), basename(file))
}
