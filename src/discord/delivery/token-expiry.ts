import { SnowflakeUtil } from 'discord.js'

import type { Reply } from '../../generations/model/generation.ts'

/** Discord documents 15 minutes; half a minute is left for the call itself. */
const tokenLifetimeMs = 14.5 * 60_000

/** Whether the interaction token should still be valid. It can expire earlier, which only a call shows. */
export function isTokenAlive(reply: Pick<Reply, 'interactionId'>, now: number): boolean {
  return now - SnowflakeUtil.timestampFrom(reply.interactionId) < tokenLifetimeMs
}
