import { z } from 'zod'

import type { GatewayShards } from '../../config/config.ts'
import { repeatOnFault, startPausesMs } from '../rest/retry.ts'
import { type Clock, createClock } from '../../lib/clock.ts'
import type { Database } from '../../storage/database.ts'
import { holdNames, NameTakenError } from '../../storage/postgres/process-lock.ts'

/** Another process answers the members of these servers already: two would answer each of them twice. */
export class ShardTakenError extends Error {
  override readonly name = 'ShardTakenError'

  constructor(shard: string) {
    super(
      `another process of this bot serves ${shard} already: stop it, give each gateway process GATEWAY_SHARDS of its own, or start this one with ROLE=worker`,
    )
  }
}

/** Another process divides the servers otherwise: some would be answered by both, others by nobody. */
export class ShardCountError extends Error {
  override readonly name = 'ShardCountError'

  constructor({ here, there }: { here: number; there: number }) {
    super(
      `another gateway process of this bot goes by a shard count of ${there}, this one by ${here}: stop all gateway processes, then start them with the same GATEWAY_SHARD_COUNT (with GATEWAY_SHARDS=auto the count is the one that Discord recommends)`,
    )
  }
}

export interface ShardsOptions {
  database: Database
  chosen: 'auto' | GatewayShards
  /** Discord's answer to `GET /gateway/bot`. */
  readGateway: () => Promise<unknown>
  /** Another process took a shard over while the store was away: this one must not answer its members any more. */
  onTaken: (error: ShardTakenError | ShardCountError) => void
  clock?: Clock | undefined
}

export interface ReservedShards {
  /** Undefined where nobody else can serve any: then the client asks Discord itself. */
  readonly shards: GatewayShards | undefined
  release(): Promise<void>
}

/**
 * Makes sure that no other process on the same store serves the shards of this one, or counts them otherwise, for as long as it lives. Throws
 * `ShardTakenError` or `ShardCountError`. On a store of our own the file's lock has done so already.
 */
export async function reserveShards(options: ShardsOptions): Promise<ReservedShards> {
  const { database, chosen, readGateway, onTaken, clock = createClock() } = options
  const named = chosen === 'auto' ? undefined : chosen
  if (database.sharedUrl === undefined) return { shards: named, release: () => Promise.resolve() }
  const shards = named ?? allShards(GatewayAnswer.parse(await repeatOnFault(readGateway, { clock, pausesMs: startPausesMs })).shards)
  const errorOf = (name: string, there: number | undefined) =>
    there === undefined ? new ShardTakenError(name) : new ShardCountError({ here: shards.count, there })
  try {
    const held = await holdNames({
      url: database.sharedUrl,
      names: shards.ids.map((id) => `shard ${id}`),
      common: { name: 'shard count', value: shards.count },
      onTaken: (name, there) => onTaken(errorOf(name, there)),
    })
    return { shards, release: () => held.release() }
  } catch (error) {
    throw error instanceof NameTakenError ? errorOf(error.taken, error.value) : error
  }
}

function allShards(count: number): GatewayShards {
  return { ids: Array.from({ length: count }, (_, id) => id), count }
}

const GatewayAnswer = z.object({ shards: z.number().int().positive() })
