import { describe, expect, it, onTestFinished } from 'vitest'

import { holdNames, NameTakenError } from '../../src/storage/held-names.ts'
import { connectAlone } from '../../src/storage/postgres.ts'
import { hasPostgres, temporaryPostgres } from './stores.ts'

async function hold(url: string, names: string[], onTaken: (name: string) => void = () => undefined) {
  const held = await holdNames({ url, names, onTaken })
  onTestFinished(() => held.release())
  return held
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

  it('can be held by nobody where the server cannot be reached, and no secret is told', async () => {
    const refused = hold('postgres://somebody:a-secret@127.0.0.1:1/none', ['a'])
    await expect(refused).rejects.toThrow(/cannot be used \(ECONNREFUSED\)/)
    await expect(refused).rejects.not.toBeInstanceOf(NameTakenError)
    await expect(refused).rejects.not.toThrow(/a-secret/)
  })
})
