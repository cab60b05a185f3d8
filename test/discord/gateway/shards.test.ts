import { describe, expect, it, onTestFinished } from 'vitest'

import type { GatewayShards } from '../../../src/config/config.ts'
import { reserveShards, ShardCountError, ShardTakenError } from '../../../src/discord/gateway/shards.ts'
import type { Database } from '../../../src/storage/database.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../../storage/stores.ts'
import { temporaryDatabase } from '../../support/store/database.ts'
import { createInstantClock } from '../../support/clocks/instant-clock.ts'

async function reserve(database: Database, chosen: 'auto' | GatewayShards, gateway: unknown = { shards: 2 }) {
  const reserved = await reserveShards({ database, chosen, readGateway: () => Promise.resolve(gateway), onTaken: () => undefined })
  onTestFinished(() => reserved.release())
  return reserved.shards
}

describe.skipIf(!hasPostgres)('reserveShards with several processes', () => {
  it('reserves all recommended shards by default', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    expect(await reserve(database, 'auto')).toEqual({ ids: [0, 1], count: 2 })
  })

  it('rejects a process whose shards are already served', async () => {
    const url = await temporaryPostgres()
    const [one, two] = [await openPlace({ url }), await openPlace({ url })]
    expect(await reserve(one, { ids: [0, 1], count: 4 })).toEqual({ ids: [0, 1], count: 4 })
    expect(await reserve(two, { ids: [2], count: 4 })).toEqual({ ids: [2], count: 4 })
    const refused = reserve(two, { ids: [3, 1], count: 4 })
    await expect(refused).rejects.toBeInstanceOf(ShardTakenError)
    await expect(refused).rejects.toThrow(/another process of this bot already serves shard 1.*GATEWAY_SHARDS.*ROLE=worker/)
    // The rejected call released what it had reserved.
    expect(await reserve(two, { ids: [3], count: 4 })).toEqual({ ids: [3], count: 4 })
  })

  it.each<{ name: string; first: 'auto' | GatewayShards; second: GatewayShards; message: RegExp }>([
    {
      name: '4 beside 2',
      first: { ids: [0, 1], count: 2 },
      second: { ids: [2, 3], count: 4 },
      message: /uses a shard count of 2, this one 4: stop all gateway processes, then start them/,
    },
    { name: '4 beside 1', first: 'auto', second: { ids: [1, 2, 3], count: 4 }, message: /count of 1, this one 4/ },
  ])('rejects a different shard count: $name', async ({ first, second, message }) => {
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
    await expect(refused).rejects.toThrow(message)
    await reserved.release()
    expect(await reserve(two, second)).toEqual(second)
  })

  it('retries a fault of Discord', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    const answers = [() => Promise.reject(Object.assign(new Error('reset'), { code: 'ECONNRESET' })), () => Promise.resolve({ shards: 3 })]
    const reserved = await reserveShards({
      database,
      chosen: 'auto',
      readGateway: () => answers.shift()?.() ?? Promise.reject(new Error('too many calls')),
      onTaken: () => undefined,
      clock: createInstantClock(),
    })
    onTestFinished(() => reserved.release())
    expect(reserved.shards?.count).toBe(3)
  })

  it('rejects an invalid response', async () => {
    const database = await openPlace({ url: await temporaryPostgres() })
    await expect(reserve(database, 'auto', { shards: 0 })).rejects.toThrow()
  })
})

it('reserves nothing with SQLite', async () => {
  const database = await temporaryDatabase()
  expect(await reserve(database, 'auto', 'not read')).toBeUndefined()
  expect(await reserve(database, { ids: [1], count: 2 })).toEqual({ ids: [1], count: 2 })
})
