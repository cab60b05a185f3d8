import type { Insertable } from 'kysely'

import type { Reservation } from '../../billing/wallets.ts'
import { candidatesColumn, requestColumn } from '../../storage/json-columns.ts'
import type { GenerationRow, Schema } from '../../storage/schema.ts'
import type { Generation } from '../model/generation.ts'

/** What was reserved for a stored generation; none of it needs parsing. */
export function reservationOf(row: GenerationRow): Reservation {
  return {
    id: row.id,
    guildId: row.guild_id,
    price: row.price,
    guildPeriods: { day: row.day_key, month: row.month_key },
    installationPeriods: { day: row.installation_day_key, month: row.installation_month_key },
    guildReleased: row.guild_released_at !== null,
  }
}

export function toRow(generation: Generation): Insertable<Schema['generations']> {
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
