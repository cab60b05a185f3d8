import type { Log } from '../lib/log.ts'
import { StoredRowError } from './json-columns.ts'

/**
 * Rows that cannot be read. Each is logged once and not read again until the next start, while everything else goes on. What keeps others waiting, or
 * money, is ended from its other columns.
 */
export interface SetAside {
  readonly ids: ReadonlySet<string>
  add(id: string, error: StoredRowError): void
}

export function createSetAside(log: Log): SetAside {
  const ids = new Set<string>()
  return {
    ids,
    add: (id, error) => {
      if (ids.has(id)) return
      ids.add(id)
      log.error({ id, error }, 'a stored row cannot be read; it is set aside until the next start, and everything else goes on')
    },
  }
}

/** Undefined where the row cannot be read: then it is set aside. */
export function tryToRead<Value>(read: () => Value, id: string, setAside: SetAside): Value | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof StoredRowError)) throw error
    setAside.add(id, error)
    return undefined
  }
}

/** The same for work on one row, in a transaction of its own. */
export async function unlessUnreadable<Value>(work: () => Promise<Value>, id: string, setAside: SetAside): Promise<Value | undefined> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof StoredRowError)) throw error
    setAside.add(id, error)
    return undefined
  }
}

/** All rows that can be read; the others are set aside. */
export function readRows<Row extends { id: string }, Value extends object>(
  rows: readonly Row[],
  read: (row: Row) => Value,
  setAside: SetAside,
): Value[] {
  return rows.flatMap((row) => (setAside.ids.has(row.id) ? [] : (tryToRead(() => [read(row)], row.id, setAside) ?? [])))
}
