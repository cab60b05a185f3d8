import { z } from 'zod'

import type { Snowflake } from '../../domain/ids.ts'
import type { Delivery } from '../../generations/model/delivery-port.ts'
import type { Log } from '../../lib/log.ts'

/** Bytes per file by guild, also for guilds of which no gateway tells this process. */
export interface GuildUploadLimits {
  /** What is known; the least there is where nothing is. */
  of(guildId: Snowflake): number
  /** Asks Discord where nothing recent is known. Never throws. */
  learn(guildId: Snowflake): Promise<void>
}

export interface GuildUploadLimitsOptions {
  /** The boost tier as the gateway told it; undefined for a guild that this process does not serve. */
  tierAtGateway: (guildId: Snowflake) => number | undefined
  /** Discord's answer to `GET /guilds/{id}`. */
  readGuild: (guildId: Snowflake) => Promise<unknown>
  /** Bytes per file by boost tier; undefined for a guild of which nothing is known. */
  limitOfTier: (tier: number | undefined) => number
  /** Milliseconds since the epoch. */
  now: () => number
  log: Log
}

/** A server's boosts come and go over days. */
const freshMs = 60 * 60_000
/** So that a large installation's memory does not grow without end. */
const guildsKept = 5000

export function createGuildUploadLimits({ tierAtGateway, readGuild, limitOfTier, now, log }: GuildUploadLimitsOptions): GuildUploadLimits {
  const known = new Map<Snowflake, { tier: number; at: number }>()
  return {
    of: (guildId) => limitOfTier(tierAtGateway(guildId) ?? known.get(guildId)?.tier),
    learn: async (guildId) => {
      const last = known.get(guildId)
      if (tierAtGateway(guildId) !== undefined || (last && now() - last.at < freshMs)) return
      try {
        const { premium_tier: tier } = Guild.parse(await readGuild(guildId))
        known.delete(guildId)
        known.set(guildId, { tier, at: now() })
        if (known.size > guildsKept) for (const oldest of known.keys().take(1)) known.delete(oldest)
      } catch (error) {
        const failure = error instanceof Error ? error.name : 'unknown'
        log.info({ guild: guildId, failure }, 'the upload limit of a server could not be asked for; what was known of it stands')
      }
    },
  }
}

/** The same delivery, which knows the upload limit of the guild before it posts there. */
export function learningLimits(delivery: Delivery, limits: GuildUploadLimits): Delivery {
  return {
    ...delivery,
    post: async (generation, clip, options) => {
      await limits.learn(generation.guildId)
      return delivery.post(generation, clip, options)
    },
  }
}

const Guild = z.object({ premium_tier: z.number().int() })
