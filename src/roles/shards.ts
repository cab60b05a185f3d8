import { z } from 'zod'

import type { GatewayShards } from '../config.ts'
import type { Database } from '../storage/database.ts'
import { holdNames, NameTakenError } from '../storage/held-names.ts'

/** Another process answers the members of these servers already: two would answer each of them twice. */
export class ShardTakenError extends Error {
  override readonly name = 'ShardTakenError'

  constructor(shard: string) {
    super(
      `another process of this bot serves ${shard} already: stop it, give each gateway process GATEWAY_SHARDS of its own, or start this one with ROLE=worker`,
    )
  }
}

export interface ShardsOptions {
  database: Database
  chosen: 'auto' | GatewayShards
  /** Discord's answer to `GET /gateway/bot`. */
  readGateway: () => Promise<unknown>
  /** Another process took a shard over while the store was away: this one must not answer its members any more. */
  onTaken: (error: ShardTakenError) => void
}

export interface ReservedShards {
  /** Undefined where nobody else can serve any: then the client asks Discord itself. */
  readonly shards: GatewayShards | undefined
  release(): Promise<void>
}

/**
 * Makes sure that no other process on the same store serves the shards of this one, for as long as it lives. Throws `ShardTakenError`. On a store of
 * our own the file's lock has done so already.
 */
export async function reserveShards({ database, chosen, readGateway, onTaken }: ShardsOptions): Promise<ReservedShards> {
  const named = chosen === 'auto' ? undefined : chosen
  if (database.sharedUrl === undefined) return { shards: named, release: () => Promise.resolve() }
  const shards = named ?? allShards(GatewayAnswer.parse(await readGateway()).shards)
  const names = shards.ids.map((id) => `shard ${id}`)
  try {
    const held = await holdNames({ url: database.sharedUrl, names, onTaken: (name) => onTaken(new ShardTakenError(name)) })
    return { shards, release: () => held.release() }
  } catch (error) {
    throw error instanceof NameTakenError ? new ShardTakenError(error.taken) : error
  }
}

function allShards(count: number): GatewayShards {
  return { ids: Array.from({ length: count }, (_, id) => id), count }
}

const GatewayAnswer = z.object({ shards: z.number().int().positive() })
