import type { ExpressionBuilder } from 'kysely'

import type { Database, Statements } from '../../storage/database.ts'
import type { Schema } from '../../storage/schema.ts'
import { sleep } from '../../lib/sleep.ts'
import type { Generation } from '../model/generation.ts'

/**
 * Who may write a card: the gateway that accepted the request, the worker that shows places in the queue, the owner of the claim and whoever tells an end
 * all may. Within one process its card writer keeps the order; between processes this does. Both ask the store whether what they are about to say
 * still holds: a held generation can be taken up again while its card is being written.
 */
export interface CardTurns {
  /** Runs an edit, the last word included, unless the generation has moved on (to another state, owner or end) since. False if it did not run. */
  edit(generation: Generation, write: () => Promise<void>): Promise<boolean>
  /** Resolves once no such edit is under way anywhere, so that none can arrive after what comes next. To be called when the state says that it is over. */
  whenQuiet(generation: Generation): Promise<void>
  /** Is the generation still where this copy of it was read: in the same state, of the same owner, at the same end? */
  stands(generation: Generation): Promise<boolean>
}

/** Milliseconds of the wall. Whoever edits gives up by then, so an edit that is under way for longer died with its process. */
export const longestEditMs = 10_000
/** For the way to the store and back. */
const allowanceMs = 2000
const lookAgainMs = 50

/** A store of our own has no other process: the card writer alone keeps the order. */
export function aloneAtCards(stands: CardTurns['stands']): CardTurns {
  return {
    edit: async (generation, write) => {
      if (!(await stands(generation))) return false
      await write()
      return true
    },
    whenQuiet: () => Promise.resolve(),
    stands,
  }
}

export function createCardTurns({ statements }: Database): CardTurns {
  return {
    async edit(generation, write) {
      // The same statement asks and announces: whoever moves the generation on afterwards sees that an edit is under way.
      const { numUpdatedRows } = await statements
        .updateTable('generations')
        .set((row) => ({ card_edits: row('card_edits', '+', 1) }))
        .where(sameAs(generation))
        .executeTakeFirst()
      if (numUpdatedRows === 0n) return false
      try {
        await write()
      } finally {
        await statements
          .updateTable('generations')
          .set((row) => ({ card_edits: row('card_edits', '-', 1) }))
          .where('id', '=', generation.id)
          .where('card_edits', '>', 0)
          .execute()
      }
      return true
    },

    async whenQuiet({ id }) {
      const givenUp = AbortSignal.timeout(longestEditMs + allowanceMs)
      do {
        const row = await statements.selectFrom('generations').select('card_edits').where('id', '=', id).executeTakeFirst()
        if (!row || row.card_edits <= 0) return
      } while (await sleep(lookAgainMs, givenUp))
    },

    stands: (generation) => standsAs(statements, generation),
  }
}

/** See `CardTurns.stands`. */
export async function standsAs(statements: Statements, generation: Generation): Promise<boolean> {
  const row = await statements.selectFrom('generations').select('id').where(sameAs(generation)).executeTakeFirst()
  return row !== undefined
}

function sameAs({ id, state, owner, endedAt }: Generation) {
  return (row: ExpressionBuilder<Schema, 'generations'>) =>
    row.and([
      row('id', '=', id),
      row('state', '=', state),
      row('owner', owner === undefined ? 'is' : '=', owner ?? null),
      row('ended_at', endedAt === undefined ? 'is' : '=', endedAt ?? null),
    ])
}
