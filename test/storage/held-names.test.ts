import { setTimeout as sleep } from 'node:timers/promises'

import type { Client } from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'

import { backendOf, endBackends } from '../../src/storage/postgres/advisory-locks.ts'
import { holdNames, type HoldOptions, NameTakenError } from '../../src/storage/postgres/process-lock.ts'
import { connectAlone } from '../../src/storage/postgres/pool.ts'
import { openLine } from '../support/line.ts'
import { hasPostgres, temporaryPostgres } from './stores.ts'

async function hold(url: string, names: string[], onTaken: (name: string) => void = () => undefined, more: Partial<HoldOptions> = {}) {
  const held = await holdNames({ url, names, onTaken, ...more })
  onTestFinished(() => held.release())
  return held
}

/** A connection to look at the server with. */
async function look(url: string): Promise<Client> {
  const client = await connectAlone(url)
  onTestFinished(() => client.end())
  return client
}

/** The server's processes that hold names here. */
async function holders(client: Client): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    `select distinct pid from pg_locks where locktype = 'advisory' and granted
     and database = (select oid from pg_database where datname = current_database())`,
  )
  return rows.map(({ pid }) => pid)
}

/** Resolves once one process holds the names that is not this one. */
async function anotherHolder(client: Client, former: number | undefined): Promise<void> {
  await expect.poll(async () => (await holders(client)).filter((pid) => pid !== former).length, { timeout: 25_000 }).toBe(1)
}

/** Ends the connections that hold names on this server's schema, from the server's side. */
async function breakHolders(url: string): Promise<void> {
  const client = await connectAlone(url)
  await client.query(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
     and ((classid::bigint << 32) | objid::bigint) = hashtextextended('rushes/' || current_schema() || '/a', 0)`,
  )
  await client.end()
}

describe.skipIf(!hasPostgres)('names held on PostgreSQL', () => {
  it('belong to one process at a time, and are free again once released', async () => {
    const url = await temporaryPostgres()
    const held = await hold(url, ['a', 'b'])
    await expect(hold(url, ['b', 'c'])).rejects.toMatchObject({ name: 'NameTakenError', taken: 'b' })
    await hold(url, ['c'])
    await held.release()
    await hold(url, ['a', 'b'])
  })

  it('are those of one installation, though the server is shared', async () => {
    await hold(await temporaryPostgres(), ['a'])
    await hold(await temporaryPostgres(), ['a'])
  })

  it('are given to a successor that was started while the former holder was just ending', async () => {
    const url = await temporaryPostgres()
    const held = await hold(url, ['a'])
    const successor = hold(url, ['a'])
    await held.release()
    await successor
  })

  it('are taken again after a lost connection, or the loss is told if somebody was quicker', async () => {
    const url = await temporaryPostgres()
    const taken = Promise.withResolvers<string>()
    await hold(url, ['a'], taken.resolve)
    await breakHolders(url)
    await hold(url, ['a'])
    expect(await taken.promise).toBe('a')
  })

  it.each(['cut', 'swallow'] as const)('are taken back where only our half of the connection is gone (%s)', async (fault) => {
    const url = await temporaryPostgres()
    const line = await openLine(url)
    const taken: string[] = []
    await hold(line.url, ['a', 'b'], (name) => taken.push(name), { beat: { everyMs: 100, patienceMs: 1000 } })
    const client = await look(url)
    const [former] = await holders(client)
    line[fault]()
    await anotherHolder(client, former)
    await expect.poll(() => holders(client)).not.toContain(former)
    expect(taken).toEqual([])
    await expect(hold(url, ['b'])).rejects.toMatchObject({ taken: 'b' })
  })

  it('are waited for while nothing is heard of their holder, which the server takes a while to miss', async () => {
    const url = await temporaryPostgres()
    const line = await openLine(url)
    await hold(line.url, ['a'], undefined, { beat: { everyMs: 500, patienceMs: 60_000 } })
    line.swallow()
    const successor = hold(url, ['a'])
    // Longer than the patience with a holder that lives: nothing happens that could be awaited.
    await Promise.race([successor, sleep(4000)])
    await breakHolders(url)
    await successor
  })

  it('are not said to be taken by somebody else where the process is just stopping', async () => {
    const url = await temporaryPostgres()
    const taken: string[] = []
    const held = await hold(url, ['a'], (name) => taken.push(name))
    const client = await look(url)
    await breakHolders(url)
    await hold(url, ['a'])
    const asking = `select pid from pg_stat_activity where datname = current_database() and query like '%pg_locks%' and pid <> pg_backend_pid()`
    await expect.poll(async () => (await client.query(asking)).rowCount, { timeout: 10_000 }).toBe(1)
    await held.release()
    expect(taken).toEqual([])
  })

  it('are never freed by ending a stranger that came to the same number', async () => {
    const url = await temporaryPostgres()
    const [client, other] = [await look(url), await look(url)]
    const ended = new Promise((resolve) => other.once('end', resolve))
    const backend = await backendOf(other)
    await endBackends(client, [{ ...backend, startedAt: '1760000000.5' }])
    expect(await backendOf(other)).toEqual(backend)
    await endBackends(client, [backend])
    await ended
  })

  it('may be common to all who mean the same by one of them, and to nobody else', async () => {
    const url = await temporaryPostgres()
    const with4 = { common: { name: 'count', value: 4 } }
    const held = [await hold(url, ['a'], undefined, with4), await hold(url, ['b'], undefined, with4)]
    const other = () => hold(url, ['c'], undefined, { common: { name: 'count', value: 2 } })
    await expect(other()).rejects.toMatchObject({ taken: 'count', value: 4 })
    await held[0]?.release()
    await expect(other()).rejects.toMatchObject({ taken: 'count', value: 4 })
    await hold(await temporaryPostgres(), ['a'], undefined, { common: { name: 'count', value: 2 } })
    await held[1]?.release()
    await other()
  })

  it('can be held by nobody where the server cannot be reached, and no secret is told', async () => {
    const refused = hold('postgres://somebody:a-secret@127.0.0.1:1/none', ['a'])
    await expect(refused).rejects.toThrow(/cannot be used \(ECONNREFUSED\)/)
    await expect(refused).rejects.not.toBeInstanceOf(NameTakenError)
    await expect(refused).rejects.not.toThrow(/a-secret/)
  })
})
