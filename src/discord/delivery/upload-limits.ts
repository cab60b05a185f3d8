import { GuildPremiumTier } from 'discord.js'

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

/** Bytes of the largest clip to upload by interaction token. */
export function largestClipByToken(attachmentSizeLimit: number): number {
  return attachmentSizeLimit - multipartOverhead
}

/** Bytes of the largest clip to upload by bot token. */
export function largestClipByBot(guildUploadLimit: number): number {
  return Math.min(guildUploadLimit, maxBotRequest) - multipartOverhead
}
