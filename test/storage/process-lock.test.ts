import type { Client } from 'pg'
import { describe, expect, it, onTestFinished } from 'vitest'

import { backendOf, endBackends } from '../../src/storage/postgres/advisory-locks.ts'
import { acquireProcessLocks, type ProcessLockOptions, LockTakenError } from '../../src/storage/postgres/process-lock.ts'
import { connectDedicated } from '../../src/storage/postgres/pool.ts'
import { openPostgresProxy } from '../support/store/postgres-proxy.ts'
import { hasPostgres, temporaryPostgres } from './stores.ts'

async function hold(
  url: string,
  names: string[],
  onTaken: (name: string) => void = () => undefined,
  more: Partial<ProcessLockOptions> = {},
) {
  const held = await acquireProcessLocks({ url, names, onTaken, ...more })
  onTestFinished(() => held.release())
  return held
}

/** A connection for reading the server's state. */
async function observe(url: string): Promise<Client> {
  const client = await connectDedicated(url)
  onTestFinished(() => client.end())
  return client
}

/** The server's processes that hold locks here. */
async function holders(client: Client): Promise<number[]> {
  const { rows } = await client.query<{ pid: number }>(
    `select distinct pid from pg_locks where locktype = 'advisory' and granted
     and database = (select oid from pg_database where datname = current_database())`,
  )
  return rows.map(({ pid }) => pid)
}

/** Resolves once exactly one other process holds the locks. */
async function anotherHolder(client: Client, former: number | undefined): Promise<void> {
  await expect.poll(async () => (await holders(client)).filter((pid) => pid !== former).length).toBe(1)
}

/** Resolves once another connection has looked this often for the holder of a lock. */
async function lookedForHolder(client: Client, times: number): Promise<void> {
  const seen = new Set<string>()
  const look = async () => {
    const { rows } = await client.query<{ at: string }>(
      `select query_start::text as at from pg_stat_activity
       where datname = current_database() and query like '%pg_locks%' and pid <> pg_backend_pid()`,
    )
    for (const { at } of rows) seen.add(at)
    return seen.size
  }
  await expect.poll(look).toBeGreaterThanOrEqual(times)
}

/** Ends, from the server's side, the connections that hold locks in this schema. */
async function breakHolders(url: string): Promise<void> {
  const client = await connectDedicated(url)
  await client.query(
    `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
     and ((classid::bigint << 32) | objid::bigint) = hashtextextended('rushes/' || current_schema() || '/a', 0)`,
  )
  await client.end()
}

describe.skipIf(!hasPostgres)('process locks on PostgreSQL', () => {
  it('belong to one process at a time and are free once released', async () => {
    const url = await temporaryPostgres()
    const held = await hold(url, ['a', 'b'])
    await expect(hold(url, ['b', 'c'])).rejects.toMatchObject({ name: 'LockTakenError', taken: 'b' })
    await hold(url, ['c'])
    await held.release()
    await hold(url, ['a', 'b'])
  })

  it('are separate for each installation on a shared server', async () => {
    await hold(await temporaryPostgres(), ['a'])
    await hold(await temporaryPostgres(), ['a'])
  })

  it('pass to a successor that starts while the former holder is ending', async () => {
    const url = await temporaryPostgres()
    const held = await hold(url, ['a'])
    const successor = hold(url, ['a'])
    await held.release()
    await successor
  })

  it('are acquired again after a lost connection; if another process was faster, the loss is reported', async () => {
    const url = await temporaryPostgres()
    const taken = Promise.withResolvers<string>()
    await hold(url, ['a'], taken.resolve)
    await breakHolders(url)
    await hold(url, ['a'])
    expect(await taken.promise).toBe('a')
  })

  it.each(['cut', 'swallow'] as const)('are acquired again if only our side of the connection broke (%s)', async (fault) => {
    const url = await temporaryPostgres()
    const proxy = await openPostgresProxy(url)
    const taken: string[] = []
    await hold(proxy.url, ['a', 'b'], (name) => taken.push(name), { heartbeat: { everyMs: 100, timeoutMs: 1000 } })
    const client = await observe(url)
    const [former] = await holders(client)
    proxy[fault]()
    await anotherHolder(client, former)
    await expect.poll(() => holders(client)).not.toContain(former)
    expect(taken).toEqual([])
    await expect(hold(url, ['b'])).rejects.toMatchObject({ taken: 'b' })
  })

  it('are awaited while their holder is silent, until the server notices that it is gone', async () => {
    const url = await temporaryPostgres()
    const proxy = await openPostgresProxy(url)
    await hold(proxy.url, ['a'], undefined, { heartbeat: { everyMs: 500, timeoutMs: 60_000 } })
    proxy.swallow()
    const client = await observe(url)
    const successor = hold(url, ['a'])
    // More often than for a living holder, which ends the wait with an error.
    await Promise.race([successor, lookedForHolder(client, 15)])
    await breakHolders(url)
    await successor
  })

  it('are not reported as taken while the process is stopping', async () => {
    const url = await temporaryPostgres()
    const taken: string[] = []
    const held = await hold(url, ['a'], (name) => taken.push(name))
    const client = await observe(url)
    await breakHolders(url)
    await hold(url, ['a'])
    const asking = `select pid from pg_stat_activity where datname = current_database() and query like '%pg_locks%' and pid <> pg_backend_pid()`
    await expect.poll(async () => (await client.query(asking)).rowCount).toBe(1)
    await held.release()
    expect(taken).toEqual([])
  })

  it('are never freed by ending another process with a reused id', async () => {
    const url = await temporaryPostgres()
    const [client, other] = [await observe(url), await observe(url)]
    const ended = new Promise((resolve) => other.once('end', resolve))
    const backend = await backendOf(other)
    await endBackends(client, [{ ...backend, startedAt: '1760000000.5' }])
    expect(await backendOf(other)).toEqual(backend)
    await endBackends(client, [backend])
    await ended
  })

  it('can be shared by processes with the same value, and by no others', async () => {
    const url = await temporaryPostgres()
    const with4 = { shared: { name: 'count', value: 4 } }
    const held = [await hold(url, ['a'], undefined, with4), await hold(url, ['b'], undefined, with4)]
    const other = () => hold(url, ['c'], undefined, { shared: { name: 'count', value: 2 } })
    await expect(other()).rejects.toMatchObject({ taken: 'count', value: 4 })
    await held[0]?.release()
    await expect(other()).rejects.toMatchObject({ taken: 'count', value: 4 })
    await hold(await temporaryPostgres(), ['a'], undefined, { shared: { name: 'count', value: 2 } })
    await held[1]?.release()
    await other()
  })

  it('fail without a secret in the error if the server cannot be reached', async () => {
    const refused = hold('postgres://user:a-secret@127.0.0.1:1/none', ['a'])
    await expect(refused).rejects.toThrow(/cannot be used \(ECONNREFUSED\)/)
    await expect(refused).rejects.not.toBeInstanceOf(LockTakenError)
    await expect(refused).rejects.not.toThrow(/a-secret/)
  })
})
