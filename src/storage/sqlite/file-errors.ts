import { mkdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'

/** The SQLite file, or its folder, cannot be used. The message says why and what to do. */
export class StoreFileError extends Error {
  override readonly name = 'StoreFileError'

  constructor(file: string, code: string, cause: unknown) {
    const reason = reasons.find(([codes]) => codes.test(code))?.[1] ?? 'make sure that its folder exists and can be written'
    super(`the database file ${file} cannot be used (${code}): ${reason}, or set DATA_DIR to another folder`, { cause })
  }
}

const reasons: readonly [codes: RegExp, reason: string][] = [
  [/^(ENOTDIR|EEXIST)$/, 'part of its path is a file or a broken link where a folder is needed; move that away'],
  [/^ENOENT$/, 'its folder cannot be created there; create the folder'],
  [/^ELOOP$/, 'its path is a circle of symbolic links; correct the links'],
  [/^(EACCES|EPERM)$/, 'this user may not write there; give the user that runs the bot the permission'],
  [/^(EROFS|SQLITE_READONLY.*)$/, 'it cannot be written; make the file and its folder writable for the user that runs the bot'],
  [/^SQLITE_CANTOPEN.*$/, 'it is a folder, or this user may not open it; correct that'],
  [/^SQLITE_NOTADB$/, 'it is no SQLite database; move it away'],
  [/^SQLITE_CORRUPT.*$/, 'it is damaged; restore it from a backup'],
  [/^(ENOSPC|SQLITE_FULL)$/, 'the disk is full; free some space'],
  [/^(EIO|SQLITE_IOERR.*)$/, 'the disk reports an error, or it is a network share that cannot lock files; use a local disk'],
]

/** The same error, or a `StoreFileError` for one of the file system or of SQLite. */
export function explainFileError(file: string, error: unknown): unknown {
  const code = codeOf(error) ?? codeOf(error instanceof Error ? error.cause : undefined)
  return code === undefined ? error : new StoreFileError(file, code, error)
}

function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return code !== undefined && /^(E[A-Z]+|SQLITE_(READONLY|CANTOPEN|NOTADB|CORRUPT|FULL|IOERR)\w*)$/.test(code) ? code : undefined
}

/** Creates the folder and those that it is in. Not Node's own way, which never returns where the system denies that a folder can exist, as in /proc. */
export function createFolder(folder: string): void {
  if (isFolder(folder)) return
  const parent = dirname(folder)
  if (parent !== folder) createFolder(parent)
  try {
    mkdirSync(folder)
  } catch (error) {
    // Another process may have been faster.
    if (!isFolder(folder)) throw error
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false
}
