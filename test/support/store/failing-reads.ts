import type { Database } from '../../../src/storage/database.ts'

/** A store whose statements fail while the test says so, as those of a server that restarts; its transactions succeed. */
export function failingReads(database: Database): { database: Database; fail: (fails: boolean) => void } {
  let isFailing = false
  const statements = database.statements.withPlugin({
    transformQuery: ({ node }) => {
      if (isFailing) throw new Error('terminating connection due to administrator command')
      return node
    },
    transformResult: ({ result }) => Promise.resolve(result),
  })
  return { database: { ...database, statements }, fail: (fails) => void (isFailing = fails) }
}
