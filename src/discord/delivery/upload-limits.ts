import { GuildPremiumTier } from 'discord.js'

const mebibyte = 1024 * 1024

/** Bytes per file that anyone may upload without a subscription of their own, in any guild. */
export const defaultUploadLimit = 10 * mebibyte

/** A request by bot token may not be larger than this, whatever the guild's tier allows. */
const largestBotRequest = 25 * mebibyte

/** Room for what stands around the file in a multipart request. */
const image = 16 * 1024

/** Bytes per file by the guild's boost tier, as Discord's help describes it; its API has no field for it. */
export function uploadLimitOfTier(tier: GuildPremiumTier | undefined): number {
  if (tier === GuildPremiumTier.Tier3) return 100 * mebibyte
  return tier === GuildPremiumTier.Tier2 ? 50 * mebibyte : defaultUploadLimit
}

/** The largest clip, in bytes, that is tried by an interaction token. */
export function largestClipByToken(attachmentSizeLimit: number): number {
  return attachmentSizeLimit - image
}

/** The largest clip, in bytes, that is tried by bot token. */
export function largestClipByBot(guildUploadLimit: number): number {
  return Math.min(guildUploadLimit, largestBotRequest) - image
}
