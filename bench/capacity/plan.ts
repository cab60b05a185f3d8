import type { ProviderCapacity } from '../../src/generations/queue/create-rate.ts'

/**
 * Accounts of an installation with many servers, with the limits that the providers document (docs/providers.md): fal's highest concurrency, WaveSpeed's
 * second highest tier, Replicate's 600 creates a minute. Runware and Eachlabs name no limit of concurrency; what stands here is our own.
 */
export const largeAccounts: readonly ProviderCapacity[] = [
  { id: 'fal', concurrency: 40, createsPerMinute: 60 },
  { id: 'wavespeed', concurrency: 2000, createsPerMinute: 600 },
  { id: 'replicate', concurrency: 400, createsPerMinute: 600 },
  { id: 'runware', concurrency: 400, createsPerMinute: 300 },
  { id: 'eachlabs', concurrency: 100, createsPerMinute: 100 },
]

/** Limits of Discord. */
const identifyEveryMs = 5000
const requestsPerSecond = 50
/** Of the global limit, what is left for clips, last edits and everything else. */
const editsPerSecond = requestsPerSecond / 2

export interface GatewayPlan {
  shards: number
  /** How long all shards need to sign in, one after the other, in minutes. */
  signInMinutes: number
}

/** @param guildsPerShard 2,500 at the most; Discord recommends about 1,000 */
export function planGateway(guilds: number, guildsPerShard: number, identifiesAtOnce: number): GatewayPlan {
  const shards = Math.ceil(guilds / guildsPerShard)
  return { shards, signInMinutes: (Math.ceil(shards / identifiesAtOnce) * identifyEveryMs) / 60_000 }
}

/** Seconds from one edit of a card to the next, where all cards share the edits that Discord allows a bot. */
export function secondsBetweenEdits(cards: number): number {
  return cards / editsPerSecond
}
