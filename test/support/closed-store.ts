import { join } from 'node:path'

import SQLite from 'better-sqlite3'
import { onTestFinished } from 'vitest'

/**
 * Lets nobody else write to the store: whoever tries waits in that very statement, so a process killed meanwhile was killed before it. SQLite gives up
 * waiting after five seconds; a test is done long before. Open again by the returned function, or with the end of the test.
 */
export function closeStore({ dataFolder }: { dataFolder: string }): () => void {
  const database = new SQLite(join(dataFolder, 'rushes.db'))
  database.exec('begin immediate')
  const open = () => {
    if (database.open) database.close()
  }
  onTestFinished(open)
  return open
}

/** Makes the store refuse one kind of write, as a full disk does; all others go through. Gone by the returned function. */
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
