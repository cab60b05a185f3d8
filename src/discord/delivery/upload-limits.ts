import { GuildPremiumTier } from 'discord.js'
import { z } from 'zod'

import type { Snowflake } from '../../domain/ids.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'

import { describeError } from '../rest/errors.ts'

const mebibyte = 1024 * 1024

/** Bytes per file that everyone may upload in any guild. */
export const defaultUploadLimit = 10 * mebibyte

/** Bytes per request by bot token, whatever the guild's boost tier. */
const maxBotRequest = 25 * mebibyte

/** Bytes for the other parts of a multipart request. */
const multipartOverhead = 16 * 1024

/** Bytes per file by the guild's boost tier, from Discord's help pages; the API has no field for it. */
export function uploadLimitOfTier(tier: GuildPremiumTier | undefined): number {
  if (tier === GuildPremiumTier.Tier3) return 100 * mebibyte
  return tier === GuildPremiumTier.Tier2 ? 50 * mebibyte : defaultUploadLimit
}

/** Bytes of the largest clip to upload by interaction token and by bot token. */
export function largestClips(attachmentSizeLimit: number, guildUploadLimit: number) {
  return { token: attachmentSizeLimit - multipartOverhead, bot: Math.min(guildUploadLimit, maxBotRequest) - multipartOverhead }
}

export interface GuildUploadLimitsOptions {
  /** The boost tier from the gateway; undefined for a guild that this process does not serve. */
  tierAtGateway: (guildId: Snowflake) => GuildPremiumTier | undefined
  /** The response to `GET /guilds/{id}`. */
  readGuild: (guildId: Snowflake) => Promise<unknown>
  clock: Pick<Clock, 'now'>
  log: Log
}

const freshMs = 60 * 60_000
const maxGuilds = 5000

/**
 * Returns a function for the bytes per file in a guild, even if its gateway events go to another process. It asks Discord unless a recent answer is
 * known, falls back to the last answer, then to the default, and never rejects.
 */
export function createGuildUploadLimits({ tierAtGateway, readGuild, clock, log }: GuildUploadLimitsOptions) {
  const known = new Map<Snowflake, { tier: GuildPremiumTier; at: number }>()

  async function tierOf(guildId: Snowflake): Promise<GuildPremiumTier | undefined> {
    const atGateway = tierAtGateway(guildId)
    if (atGateway !== undefined) return atGateway
    const last = known.get(guildId)
    if (last && clock.now() - last.at < freshMs) return last.tier
    try {
      const { premium_tier: tier } = Guild.parse(await readGuild(guildId))
      known.delete(guildId)
      known.set(guildId, { tier, at: clock.now() })
      if (known.size > maxGuilds) for (const oldest of known.keys().take(1)) known.delete(oldest)
      return tier
    } catch (error) {
      log.info({ guild: guildId, failure: describeError(error) }, 'upload limit of a server not available; using the last known one')
      return last?.tier
    }
  }

  return async (guildId: Snowflake): Promise<number> => uploadLimitOfTier(await tierOf(guildId))
}

const Guild = z.object({ premium_tier: z.enum(GuildPremiumTier) })
