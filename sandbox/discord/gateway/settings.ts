import type { PrivilegedIntent } from './intents.ts'

/** What Discord decides for each application, and what it publishes no number for. */
export interface GatewaySettings {
  /** The number of shards that `GET /gateway/bot` recommends. */
  shards: number
  /** A session that would cover more guilds is refused: sharding is required. */
  guildsPerShard: number
  /** The privileged intents that the application has switched on. */
  privilegedIntents: readonly PrivilegedIntent[]
  /** How many sessions may start in 24 hours. One more resets the bot token. */
  sessionStarts: number
  /** How many shards may identify within five seconds. Undefined: any number, so that a bot that is restarted waits for nothing. */
  maxConcurrency: number | undefined
  heartbeatIntervalMs: number
  /** How long a disconnected session can be resumed. Discord only says "a few minutes". */
  sessionTimeoutMs: number
}

export const defaultGatewaySettings: GatewaySettings = {
  shards: 1,
  guildsPerShard: 2500,
  privilegedIntents: [],
  sessionStarts: 1000,
  maxConcurrency: undefined,
  heartbeatIntervalMs: 41_250,
  sessionTimeoutMs: 3 * 60_000,
}
