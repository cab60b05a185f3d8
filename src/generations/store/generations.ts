import type { Insertable, Transaction, Updateable } from 'kysely'

import type { Snowflake } from '../../domain/ids.ts'
import type { Statements } from '../../storage/database.ts'
import { candidatesColumn, requestColumn } from '../../storage/json-columns.ts'
import type { GenerationRow, Schema } from '../../storage/schema.ts'
import type { Generation, GenerationState } from '../model/generation.ts'
import { LeaseLost } from '../model/stop-reasons.ts'

export async function insertGeneration(transaction: Transaction<Schema>, generation: Generation): Promise<void> {
  await transaction.insertInto('generations').values(toRow(generation)).execute()
}

export async function findRow(statements: Statements, id: string): Promise<GenerationRow | undefined> {
  return statements.selectFrom('generations').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function findGeneration(statements: Statements, id: string): Promise<Generation | undefined> {
  const row = await findRow(statements, id)
  return row && toGeneration(row)
}

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
  const matching = statements.updateTable('generations').where((row) => row.and(where))
  const row = await matching.set(set).returningAll().executeTakeFirst()
  return row && toGeneration(row)
}

/** The fence: the state changes only for its owner and only from the state it believes in. Throws `LeaseLost` otherwise. */
export async function transition(
  statements: Statements,
  { id, owner, state }: { id: string; owner: string; state: GenerationState },
  set: Updateable<Schema['generations']> & { state: GenerationState },
): Promise<Generation> {
  const generation = await updateIf(statements, { id, owner, state }, set)
  if (!generation) throw new LeaseLost(`generation ${id} is no longer ${state} for this process`)
  return generation
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

/**
 * True for the first caller only, across restarts: the requester is notified of a clip or an outcome at most once. Also false if the generation has another
 * state or end by now: an older outcome must not use up the notification of a newer one.
 */
export async function claimNotification(
  statements: Statements,
  { id, state, endedAt }: Pick<Generation, 'id' | 'state' | 'endedAt'>,
  now: number,
): Promise<boolean> {
  const where = { id, state, ended_at: endedAt ?? null, notified_at: null }
  return (await updateIf(statements, where, { notified_at: now })) !== undefined
}

/** The providers that have queued requests. */
export async function listProvidersWithQueue(statements: Statements): Promise<Set<string>> {
  const rows = await statements.selectFrom('generations').select('provider').distinct().where('state', '=', 'queued').execute()
  return new Set(rows.map(({ provider }) => provider))
}

/** A row of the store in the words of the core. @throws {StoredRowError} where its JSON has another shape */
export function toGeneration(row: GenerationRow): Generation {
  return {
    id: row.id,
    state: row.state,
    owner: row.owner ?? undefined,
    request: requestColumn.parse(row.request),
    provider: row.provider,
    candidates: candidatesColumn.parse(row.candidates),
    price: row.price,
    guildPeriods: { day: row.day_key, month: row.month_key },
    installationPeriods: { day: row.installation_day_key, month: row.installation_month_key },
    memberId: row.member_id,
    guildId: row.guild_id,
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
  }
}

function toRow(generation: Generation): Insertable<Schema['generations']> {
  return {
    id: generation.id,
    state: generation.state,
    provider: generation.provider,
    candidates: candidatesColumn.stringify(generation.candidates),
    request: requestColumn.stringify(generation.request),
    price: generation.price,
    member_id: generation.memberId,
    guild_id: generation.guildId,
    channel_id: generation.channelId,
    application_id: generation.reply.applicationId,
    interaction_id: generation.reply.interactionId,
    interaction_token: generation.reply.token,
    attachment_size_limit: generation.reply.attachmentSizeLimit,
    locale: generation.reply.locale,
    day_key: generation.guildPeriods.day,
    month_key: generation.guildPeriods.month,
    installation_day_key: generation.installationPeriods.day,
    installation_month_key: generation.installationPeriods.month,
    created_at: generation.createdAt,
    captured: 0,
    reference: generation.reference,
  }
}
