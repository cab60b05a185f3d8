import { candidatesColumn, requestColumn } from '../../storage/json-columns.ts'
import type { GenerationRow, NewGenerationRow } from '../../storage/schema.ts'
import type { Generation } from '../model/generation.ts'

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

export function toRow(generation: Generation): NewGenerationRow {
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
