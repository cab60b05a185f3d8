import { join } from 'node:path'

import SQLite from 'better-sqlite3'
import { onTestFinished } from 'vitest'

/**
 * Locks the store against writes. A writer waits in its statement, so a process that is killed meanwhile was killed before the write. SQLite gives up
 * waiting after five seconds; a test is done long before. Unlocked by the returned function, or at the end of the test.
 */
export function lockStore({ dataFolder }: { dataFolder: string }): () => void {
  const database = new SQLite(join(dataFolder, 'rushes.db'))
  database.exec('begin immediate')
  const unlock = () => {
    if (database.open) database.close()
  }
  onTestFinished(unlock)
  return unlock
}

/** Makes the store refuse one kind of write, like a full disk; all others succeed. Undone by the returned function. */
export function refuseWrite({ dataFolder }: { dataFolder: string }, write: 'claim' | 'rendering'): () => void {
  const state = { claim: 'submitting', rendering: 'rendering' }[write]
  execute(
    dataFolder,
    `create trigger refused before update of state on generations when new.state = '${state}'
    begin select raise(abort, 'refused for a test'); end`,
  )
  return () => execute(dataFolder, 'drop trigger refused')
}

function execute(dataFolder: string, statement: string): void {
  const database = new SQLite(join(dataFolder, 'rushes.db'))
  try {
    database.exec(statement)
  } finally {
    database.close()
  }
}
