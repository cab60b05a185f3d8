import { describe, expect, it, onTestFinished } from 'vitest'

import type { GatewayShards } from '../../../src/config/config.ts'
import { reserveShards, ShardCountError, ShardTakenError } from '../../../src/discord/gateway/shards.ts'
import type { Database } from '../../../src/storage/database.ts'
import { temporaryDatabase } from '../../support/database.ts'
import { createInstantClock } from '../../support/instant-clock.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../../storage/stores.ts'

async function reserve(database: Database, chosen: 'auto' | GatewayShards, gateway: unknown = { shards: 2 }) {
  const reserved = await reserveShards({ database, chosen, readGateway: () => Promise.resolve(gateway), onTaken: () => undefined })
  onTestFinished(() => reserved.release())
  return reserved.shards
}

describe.skipIf(!hasPostgres)('shards over several processes', () => {
  it('are all that Discord recommends unless some are named', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    expect(await reserve(database, 'auto')).toEqual({ ids: [0, 1], count: 2 })
  })

  it('can be divided, but none be served twice: the second process refuses to start and says why', async () => {
    const url = await temporaryPostgres()
    const [one, two] = [await openPlace({ url }), await openPlace({ url })]
    expect(await reserve(one, { ids: [0, 1], count: 4 })).toEqual({ ids: [0, 1], count: 4 })
    expect(await reserve(two, { ids: [2], count: 4 })).toEqual({ ids: [2], count: 4 })
    const refused = reserve(two, { ids: [3, 1], count: 4 })
    await expect(refused).rejects.toBeInstanceOf(ShardTakenError)
    await expect(refused).rejects.toThrow(/another process of this bot serves shard 1 already.*GATEWAY_SHARDS.*ROLE=worker/)
    // What the refused one had taken before is free again.
    expect(await reserve(two, { ids: [3], count: 4 })).toEqual({ ids: [3], count: 4 })
  })

  it.each<{ name: string; first: 'auto' | GatewayShards; second: GatewayShards; said: RegExp }>([
    {
      name: 'none of 4 beside those of 2',
      first: { ids: [0, 1], count: 2 },
      second: { ids: [2, 3], count: 4 },
      said: /goes by a shard count of 2, this one by 4: stop all gateway processes, then start them/,
    },
    { name: 'none of 4 beside the only one', first: 'auto', second: { ids: [1, 2, 3], count: 4 }, said: /count of 1, this one by 4/ },
  ])('are counted alike by all: $name', async ({ first, second, said }) => {
    const url = await temporaryPostgres()
    const [one, two] = [await openPlace({ url }), await openPlace({ url })]
    const reserved = await reserveShards({
      database: one,
      chosen: first,
      readGateway: () => Promise.resolve({ shards: 1 }),
      onTaken: () => undefined,
    })
    const refused = reserve(two, second)
    await expect(refused).rejects.toBeInstanceOf(ShardCountError)
    await expect(refused).rejects.toThrow(said)
    await reserved.release()
    expect(await reserve(two, second)).toEqual(second)
  })

  it('are found out though Discord has a fault at that moment', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const answers = [() => Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' })), () => Promise.resolve({ shards: 3 })]
    const reserved = await reserveShards({
      database,
      chosen: 'auto',
      readGateway: () => answers.shift()?.() ?? Promise.reject(new Error('asked too often')),
      onTaken: () => undefined,
      clock: createInstantClock(),
    })
    onTestFinished(() => reserved.release())
    expect(reserved.shards?.count).toBe(3)
  })

  it('are not guessed where Discord answers something else', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    await expect(reserve(database, 'auto', { shards: 0 })).rejects.toThrow()
  })
})

it('on a store of our own they are left to the client, or what was named', async () => {
  const database = await temporaryDatabase()
  expect(await reserve(database, 'auto', 'never asked')).toBeUndefined()
  expect(await reserve(database, { ids: [1], count: 2 })).toEqual({ ids: [1], count: 2 })
})
