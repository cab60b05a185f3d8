import { SnowflakeUtil } from 'discord.js'

import type { Reply } from '../../generations/model/generation.ts'

/** Discord's word is 15 minutes; the last half minute is left for the way there. */
const tokenLifetimeMs = 14.5 * 60_000

/** Is the interaction's token still within its life? It can die earlier all the same, which only a call can tell. */
export function isTokenAlive(reply: Pick<Reply, 'interactionId'>, now: number): boolean {
  return now - SnowflakeUtil.timestampFrom(reply.interactionId) < tokenLifetimeMs
}
