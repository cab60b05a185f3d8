import type { Transaction } from 'kysely'

import type { Snowflake } from '../../domain/ids.ts'
import { createGroupCommit } from '../../storage/group-commit.ts'
import type { GenerationRow, Schema } from '../../storage/schema.ts'
import { notIndexed, valueById } from '../../storage/value-by-id.ts'
import type { Generation } from '../model/generation.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { toGeneration } from './generations.ts'

/** A clip that was posted, or whose card was deleted. */
export interface Delivered {
  id: string
  owner: string
  /** The message that shows it. */
  messageId: Snowflake | undefined
  now: number
}

/** The end of a delivery, fenced like every state: only for its owner. Those that end at the same time share a transaction. */
export const recordDelivered = createGroupCommit(async (transaction, all: readonly Delivered[]) => {
  const rows = await endDelivery(transaction, all)
  const done = new Map(rows.map((row) => [row.id, toGeneration(row)]))
  return all.map(({ id }) => (): Generation => {
    const generation = done.get(id)
    if (!generation) throw new LeaseLost(`generation ${id} is no longer delivering for this process`)
    return generation
  })
})

function endDelivery(transaction: Transaction<Schema>, all: readonly Delivered[]): Promise<GenerationRow[]> {
  const ended = all.map(({ id, now }) => [id, now] as const)
  return transaction
    .updateTable('generations')
    .set({
      state: 'done',
      ended_at: valueById(ended, 'bigint'),
      message_id: valueById(all.map(({ id, messageId }) => [id, messageId ?? null])),
    })
    .where(
      'id',
      'in',
      all.map(({ id }) => id),
    )
    .where('owner', '=', valueById(all.map(({ id, owner }) => [id, owner])))
    .where('state', '=', notIndexed('delivering'))
    .returningAll()
    .execute()
}
