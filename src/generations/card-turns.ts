import type { Database } from '../storage/database.ts'
import { waited } from '../storage/wait.ts'
import type { Generation } from './generation.ts'

/**
 * Who may write a card where several processes share the store: the gateway that accepted the request, the worker that shows places in line and the
 * owner of the claim all may. Within one process its card writer keeps the order; between processes this does.
 */
export interface CardTurns {
  /** Runs an edit that is soon overtaken, unless the generation has moved on (to another state or owner) since. False if it did not run. */
  edit(generation: Generation, write: () => Promise<void>): Promise<boolean>
  /** Resolves once no such edit is under way anywhere, so that none can arrive after the last word. To be called when the state says that it is over. */
  whenQuiet(generation: Generation): Promise<void>
}

/** Milliseconds of the wall. An edit that takes longer was given up by its client, or its process died in the midst of it. */
const longestEditMs = 10_000
const lookAgainMs = 50

/** A store of our own has no other process: the card writer alone keeps the order. */
export const aloneAtCards: CardTurns = {
  edit: async (_generation, write) => {
    await write()
    return true
  },
  whenQuiet: () => Promise.resolve(),
}

export function createCardTurns({ statements }: Database): CardTurns {
  return {
    async edit({ id, state, owner }, write) {
      // The same statement asks and announces: whoever ends the generation afterwards sees that an edit is under way.
      const { numUpdatedRows } = await statements
        .updateTable('generations')
        .set((row) => ({ card_edits: row('card_edits', '+', 1) }))
        .where('id', '=', id)
        .where('state', '=', state)
        .where('owner', owner === undefined ? 'is' : '=', owner ?? null)
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return false
      try {
        await write()
      } finally {
        await statements
          .updateTable('generations')
          .set((row) => ({ card_edits: row('card_edits', '-', 1) }))
          .where('id', '=', id)
          .execute()
      }
      return true
    },

    async whenQuiet({ id }) {
      const givenUp = AbortSignal.timeout(longestEditMs)
      do {
        const row = await statements.selectFrom('generations').select('card_edits').where('id', '=', id).executeTakeFirst()
        if (!row || row.card_edits <= 0) return
      } while (await waited(lookAgainMs, givenUp))
    },
  }
}
