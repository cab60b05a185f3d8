import { SnowflakeUtil } from 'discord.js'

import type { Snowflake } from '../../domain/ids.ts'
import { tokenLifetimeMs } from '../../generations/model/generation.ts'

/** Milliseconds for the call itself. */
const callMs = 30_000

/** Until when an interaction's token is worth a call, in milliseconds since the epoch. The token can die earlier, which only a call shows. */
export function tokenExpiry(interactionId: Snowflake): number {
  return SnowflakeUtil.timestampFrom(interactionId) + tokenLifetimeMs - callMs
}
