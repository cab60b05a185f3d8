import type { Transaction, Updateable } from 'kysely'

import type { Snowflake } from '../../domain/ids.ts'
import type { Database, Statements } from '../../storage/database.ts'
import { createGroupRead } from '../../storage/group-commit.ts'
import { candidatesColumn, requestColumn } from '../../storage/json-columns.ts'
import type { GenerationRow, Schema } from '../../storage/schema.ts'
import { readRows } from '../../storage/unreadable-rows.ts'
import type { Generation, GenerationState } from '../model/generation.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { reservationOf, toRow } from './generation-rows.ts'

/** Inserts generations, and returns the ids of those whose interactions had none yet: Discord may deliver one twice. */
export async function insertGenerations(
  transaction: Transaction<Schema>,
  generations: readonly Generation[],
): Promise<ReadonlySet<string>> {
  // By interaction: two processes that insert the same ones wait for each other, and must do so in the same order.
  const rows = generations.map(toRow).sort((left, right) => (left.interaction_id < right.interaction_id ? -1 : 1))
  const inserted = await transaction
    .insertInto('generations')
    .values(rows)
    .onConflict((conflict) => conflict.column('interaction_id').doNothing())
    .returning('id')
    .execute()
  const ids = new Set(inserted.map(({ id }) => id))
  const images = generations.filter(({ id }) => ids.has(id)).flatMap(imagesOf)
  if (images.length > 0) await transaction.insertInto('generation_images').values(images).execute()
  return ids
}

/** The same image may be both the first and the last frame. */
function imagesOf({ id, request: { firstFrame, lastFrame } }: Generation): Schema['generation_images'][] {
  const named = new Set([firstFrame, lastFrame].flatMap((image) => image?.sha256 ?? []))
  return [...named].map((sha256) => ({ generation_id: id, sha256 }))
}

export async function findRow(statements: Statements, id: string): Promise<GenerationRow | undefined> {
  return statements.selectFrom('generations').selectAll().where('id', '=', id).executeTakeFirst()
}

/** The stored generation. */
export const findGeneration = createGroupRead(async (statements, ids: readonly string[]) => {
  const rows = await statements.selectFrom('generations').selectAll().where('id', 'in', ids).execute()
  const found = new Map(rows.map((row) => [row.id, row]))
  return ids.map((id) => (): Generation | undefined => {
    const row = found.get(id)
    return row && toGeneration(row)
  })
})

/** The request of this interaction: Discord may deliver one twice. */
export async function findByInteraction(statements: Statements, interactionId: Snowflake): Promise<Generation | undefined> {
  const row = await statements.selectFrom('generations').selectAll().where('interaction_id', '=', interactionId).executeTakeFirst()
  return row && toGeneration(row)
}

/** Changes a generation of which all of `where` still holds. Returns it as it now is, or undefined if it has moved on. */
export async function updateIf(
  statements: Statements,
  where: Pick<GenerationRow, 'id' | 'state'> & Partial<GenerationRow>,
  set: Updateable<Schema['generations']>,
): Promise<Generation | undefined> {
  if (!statements.isTransaction) {
    // Outside a transaction the change is committed before it is returned: a row that cannot be read must not be changed.
    const row = await statements
      .selectFrom('generations')
      .selectAll()
      .where((match) => match.and(where))
      .executeTakeFirst()
    if (row) toGeneration(row)
  }
  const row = await updateRowIf(statements, where, set)
  return row && toGeneration(row)
}

/** The same for a row that need not parse. */
export async function updateRowIf(
  statements: Statements,
  where: Pick<GenerationRow, 'id' | 'state'> & Partial<GenerationRow>,
  set: Updateable<Schema['generations']>,
): Promise<GenerationRow | undefined> {
  const matching = statements.updateTable('generations').where((row) => row.and(where))
  return matching.set(set).returningAll().executeTakeFirst()
}

/** What the owner of a claim believes: the lease under which it claimed, and the state of its generation. */
export interface Claim {
  id: string
  owner: string
  state: GenerationState
}

/** The fence: the state changes only for its owner and only from the state it believes in. Throws `LeaseLost` otherwise. */
export async function transition(
  statements: Statements,
  { id, owner, state }: Claim,
  set: Updateable<Schema['generations']> & { state: GenerationState },
): Promise<Generation> {
  const generation = await updateIf(statements, { id, owner, state }, set)
  if (!generation) throw new LeaseLost(`generation ${id} is no longer ${state} for this process`)
  return generation
}

/** The same fence for the rows of a generation: nobody else can adopt it before `write` is committed. Throws `LeaseLost` for a former owner. */
export function asOwner<Result>(
  database: Database,
  claim: Claim,
  write: (transaction: Transaction<Schema>) => Promise<Result>,
): Promise<Result> {
  return database.transaction(async (transaction) => {
    // Changes nothing, but locks the row.
    await transition(transaction, claim, { state: claim.state })
    return write(transaction)
  })
}

export interface Cancellation {
  by: NonNullable<Generation['cancelledBy']>
  now: number
}

/** Leaves a cancel request for the owner. False if the generation is over. */
export async function requestCancel(statements: Statements, id: string, { by, now }: Cancellation): Promise<boolean> {
  const row = await statements
    .updateTable('generations')
    .set((generations) => ({
      cancel_requested_at: generations.fn.coalesce('cancel_requested_at', generations.val(now)),
      cancelled_by: generations.fn.coalesce('cancelled_by', generations.val(by)),
    }))
    .where('id', '=', id)
    .where('state', 'in', ['queued', 'submitting', 'rendering'])
    .returning('id')
    .executeTakeFirst()
  return row !== undefined
}

/** Not fenced: any process may learn which message carries the card. */
export async function rememberMessage(statements: Statements, id: string, messageId: Snowflake): Promise<void> {
  await statements.updateTable('generations').set({ message_id: messageId }).where('id', '=', id).execute()
}

/** The rows that can be read. The others are set aside. */
export function toGenerations({ setAside }: Pick<Database, 'setAside'>, rows: readonly GenerationRow[]): Generation[] {
  return readRows(rows, toGeneration, setAside)
}

/** A row of the store in the words of the core. @throws {StoredRowError} where its JSON has another shape */
export function toGeneration(row: GenerationRow): Generation {
  return {
    ...reservationOf(row),
    state: row.state,
    owner: row.owner ?? undefined,
    request: requestColumn.parse(row.request),
    provider: row.provider,
    candidates: candidatesColumn.parse(row.candidates),
    memberId: row.member_id,
    channelId: row.channel_id,
    reply: {
      applicationId: row.application_id,
      interactionId: row.interaction_id,
      token: row.interaction_token,
      attachmentSizeLimit: row.attachment_size_limit,
      locale: row.locale,
    },
    createdAt: row.created_at,
    startedAt: row.started_at ?? undefined,
    endedAt: row.ended_at ?? undefined,
    cancelRequestedAt: row.cancel_requested_at ?? undefined,
    cancelledBy: row.cancelled_by ?? undefined,
    endReason: row.end_reason ?? undefined,
    captured: row.captured === 1,
    reference: row.reference,
    messageId: row.message_id ?? undefined,
    outputUrl: row.output_url ?? undefined,
    outputExpiresAt: row.output_expires_at ?? undefined,
    outputFlagged: row.output_flagged === 1 ? true : undefined,
  }
}
