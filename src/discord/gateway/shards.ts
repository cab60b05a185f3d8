import { z } from 'zod'

import type { GatewayShards } from '../../config/config.ts'
import { type Clock, wallClock } from '../../lib/clock.ts'
import type { Database } from '../../storage/database.ts'
import { acquireProcessLocks, LockTakenError } from '../../storage/postgres/process-lock.ts'

import { retryDiscord } from '../rest/retry-discord.ts'
import { explainUnreachable } from '../rest/unreachable.ts'

/** Another process already serves this shard. Two would answer each interaction twice. */
export class ShardTakenError extends Error {
  override readonly name = 'ShardTakenError'

  constructor(shard: string) {
    super(
      `another process of this bot already serves ${shard}: stop it, give each gateway process its own GATEWAY_SHARDS, or start this one with ROLE=worker`,
    )
  }
}

/** Another process uses a different shard count. Some servers would be served twice, others not at all. */
export class ShardCountError extends Error {
  override readonly name = 'ShardCountError'

  constructor({ here, there }: { here: number; there: number }) {
    super(
      `another gateway process of this bot uses a shard count of ${there}, this one ${here}: stop all gateway processes, then start them with the same GATEWAY_SHARD_COUNT (GATEWAY_SHARDS=auto uses the count that Discord recommends)`,
    )
  }
}

export interface ShardsOptions {
  database: Database
  chosen: 'auto' | GatewayShards
  /** The response to `GET /gateway/bot`. */
  readGateway: () => Promise<unknown>
  /** Another process took over a shard while the database was unreachable: this one must stop answering. */
  onTaken: (error: ShardTakenError | ShardCountError) => void
  clock?: Clock | undefined
  /** Ends the wait for a rival that is silent: rejects with its reason. */
  signal?: AbortSignal | undefined
}

/**
 * Ensures, until released, that no other process on the same database serves the same shards or uses another shard count. Throws `ShardTakenError`
 * or `ShardCountError`. With SQLite the lock on the file already ensures it: `shards` is then undefined unless configured, and the client uses
 * Discord's recommendation.
 */
export async function reserveShards(options: ShardsOptions) {
  const { database, chosen, readGateway, onTaken, clock = wallClock, signal } = options
  const configured = chosen === 'auto' ? undefined : chosen
  if (database.sharedUrl === undefined) return { shards: configured, release: () => Promise.resolve() }
  const shards = configured ?? (await recommendedShards())
  const errorOf = (name: string, there: number | undefined) =>
    there === undefined ? new ShardTakenError(name) : new ShardCountError({ here: shards.count, there })
  try {
    const held = await acquireProcessLocks({
      url: database.sharedUrl,
      names: shards.ids.map((id) => `shard ${id}`),
      shared: { name: 'shard count', value: shards.count },
      onTaken: (name, there) => onTaken(errorOf(name, there)),
      signal,
    })
    return { shards, release: () => held.release() }
  } catch (error) {
    throw error instanceof LockTakenError ? errorOf(error.taken, error.value) : error
  }

  async function recommendedShards(): Promise<GatewayShards> {
    const read = () => retryDiscord(readGateway, { clock, signal, delays: [500, 2000, 5000] })
    const response = await explainUnreachable("Discord's gateway", read)
    const { shards: count } = GatewayResponse.parse(response)
    return { ids: Array.from({ length: count }, (_, id) => id), count }
  }
}

const GatewayResponse = z.object({ shards: z.number().int().positive() })
