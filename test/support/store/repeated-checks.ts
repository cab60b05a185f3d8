import type { Database } from '../../../src/storage/database.ts'

/** `repeated` resolves once the count of edits in progress was read twice: by then its reader has certainly waited. */
export function watchEditChecks(database: Database): { database: Database; repeated: Promise<void> } {
  const repeated = Promise.withResolvers<undefined>()
  let checks = 0
  const statements = database.statements.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: ({ result }) => {
      if (result.rows.some((row) => Object.keys(row).join() === 'card_edits') && ++checks === 2) repeated.resolve(undefined)
      return Promise.resolve(result)
    },
  })
  return { database: { ...database, statements }, repeated: repeated.promise.then(() => undefined) }
}
