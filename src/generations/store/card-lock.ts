import type { ExpressionBuilder } from 'kysely'

import { sleep } from '../../lib/clock.ts'
import type { Database, Statements } from '../../storage/database.ts'
import type { Schema } from '../../storage/schema.ts'
import { type CardLock, longestEditMs } from '../model/delivery-port.ts'
import type { Generation } from '../model/generation.ts'

/** For the round trip to the store. */
const allowanceMs = 2000
const pollMs = 50

/** A store of our own has no other process: the card writer alone keeps the order. */
export function createLocalCardLock(isCurrent: CardLock['isCurrent']): CardLock {
  return {
    edit: async (generation, write) => {
      if (!(await isCurrent(generation))) return false
      await write()
      return true
    },
    whenIdle: () => Promise.resolve(),
    isCurrent,
  }
}

export function createCardLock({ statements }: Database): CardLock {
  return {
    async edit(generation, write) {
      // One statement checks and marks: a later transition sees that an edit is under way.
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

    async whenIdle({ id }) {
      const timeout = AbortSignal.timeout(longestEditMs + allowanceMs)
      do {
        const row = await statements.selectFrom('generations').select('card_edits').where('id', '=', id).executeTakeFirst()
        if (!row || row.card_edits <= 0) return
      } while (await sleep(pollMs, timeout))
    },

    isCurrent: (generation) => isCurrent(statements, generation),
  }
}

/** See `CardLock.isCurrent`. */
export async function isCurrent(statements: Statements, generation: Generation): Promise<boolean> {
  const row = await statements.selectFrom('generations').select('id').where(sameAs(generation)).executeTakeFirst()
  return row !== undefined
}

function sameAs({ id, state, owner, endedAt }: Generation) {
  return (row: ExpressionBuilder<Schema, 'generations'>) => row.and({ id, state, owner: owner ?? null, ended_at: endedAt ?? null })
}
