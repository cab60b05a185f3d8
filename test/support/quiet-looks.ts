import type { Database } from '../../src/storage/database.ts'

/** Hears when somebody who waits for the edits under way at a card looks for them again: until then they have certainly waited. */
export function hearLooks(database: Database): { database: Database; again: Promise<void> } {
  const again = Promise.withResolvers<undefined>()
  let looks = 0
  const statements = database.statements.withPlugin({
    transformQuery: ({ node }) => node,
    transformResult: ({ result }) => {
      if (result.rows.some((row) => Object.keys(row).join() === 'card_edits') && ++looks === 2) again.resolve(undefined)
      return Promise.resolve(result)
    },
  })
  return { database: { ...database, statements }, again: again.promise.then(() => undefined) }
}
