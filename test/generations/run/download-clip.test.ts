import { describe, expect, it, onTestFinished } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { Outcome } from '../../../src/generations/model/outcome.ts'
import { LeaseLost, Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { deliver } from '../../../src/generations/run/deliver.ts'
import { refreshOutputUrl } from '../../../src/generations/run/download-clip.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import { createDownload } from '../../../src/media/download.ts'
import { createNetwork } from '../../../src/network/network.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import { openStore, type Store, stores } from '../../storage/stores.ts'
import { mp4 } from '../../support/media/mp4.ts'
import { type ScriptedAnswer, startScriptedProvider } from '../../support/providers/scripted-provider.ts'
import { quickProvider } from '../worker/worker-stage.ts'
import { attempted, bystander, claimed, clipUrl, createWaitingClock, ledgerOf, put, setUpRun, startsAt } from './run-stage.ts'

const [sqlite] = stores as [Store]
const bytes = new Uint8Array(mp4())
const newUrl = 'https://provider.example/signed-anew.mp4'

/** A provider whose server answers the downloads like this, one after the other, and serves the clip for an hour. */
async function serve(...answers: ScriptedAnswer[]) {
  const server = await startScriptedProvider()
  const network = createNetwork({ allowPrivateAddresses: true })
  onTestFinished(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
  })
  server.on('GET /clip.mp4', ...answers)
  const [database, clock] = [await openStore(sqlite), createWaitingClock()]
  // Its own retries are over at once.
  const download = createDownload({ network, clock: createWaitingClock(), random: () => 0.5 })
  const tested = await setUpRun(database, { clock, download })
  const output = { output_url: `${server.origin}/clip.mp4`, output_expires_at: startsAt + 3_600_000 }
  const generation = await claimed(database, 'delivering', { change: output })
  const start = () => deliver(generation, tested.context, { ...tested.signals, mayBePosted: false })
  return { ...tested, start, downloads: () => server.to('GET /clip.mp4').length, waits: clock.waits }
}

describe('a clip that its provider’s server', () => {
  it.each<[string, ScriptedAnswer]>([
    ['hides from an expired link', { status: 403 }],
    ['does not know yet', { status: 404 }],
    ['has deleted for the moment', { status: 410 }],
    ['cannot serve in an outage', { status: 400 }],
    ['serves without content', { bytes: new Uint8Array() }],
  ])('%s is asked for as often as it takes', async (_, answer) => {
    const { start, seen, downloads } = await serve(answer, answer, answer, answer, { bytes })
    expect(await start()).toMatchObject({ delivered: { state: 'done' } })
    expect([seen, downloads()]).toEqual([['post'], 5])
  })

  it.each<[string, ScriptedAnswer]>([
    ['never serves', { status: 404 }],
    ['serves empty', { bytes: new Uint8Array() }],
    ['announces as larger than any clip', { text: '0', headers: { 'content-length': String(2 ** 28 + 1) }, fault: 'stall' }],
  ])('%s is refunded as gone after an hour', async (_, answer) => {
    const { start, waits } = await serve(answer)
    await expect(start()).rejects.toMatchObject({ reason: 'output_gone', settlement: 'refund' })
    expect(waits.reduce((sum, wait) => sum + wait, 0)).toBe(3_600_000)
  })

  it('is sending when the bot stops is left to the next process', async () => {
    const stopping = new Stopping()
    const { start, pause, context } = await serve({ bytes, fault: 'stall' })
    const { download } = context
    context.download = (url, options) => {
      pause.abort(stopping)
      return download(url, options)
    }
    await expect(start()).rejects.toBe(stopping)
  })
})

describe.each(stores)('the address of a finished clip on $name', (store) => {
  async function setUp(change: Partial<Provider> = {}, operation: string | null = '{"id":"job"}') {
    const database = await openStore(store)
    const tested = await setUpRun(database, { providers: [quickProvider('fal', change)] })
    const generation = await claimed(database, 'delivering', { change: { output_url: clipUrl, captured: 1 } })
    await attempted(database, generation, 'fal', { state: 'completed', operation })
    const refresh = () => refreshOutputUrl(generation, tested.context, tested.signals.pause)
    return { ...tested, database, generation, refresh, row: () => findRow(database.statements, generation.id) }
  }

  it('is replaced by the one that the provider now names, and stored before it is used', async () => {
    const asked: unknown[] = []
    const { refresh, row, database, signals } = await setUp({
      status: (operation, { signal }) => {
        asked.push(operation, signal)
        return Promise.resolve({ state: 'completed', url: newUrl })
      },
    })
    const unchanged = await bystander(database, 'delivering')
    expect(await refresh()).toMatchObject({ state: 'delivering', outputUrl: newUrl })
    expect([(await row())?.output_url, asked]).toEqual([newUrl, [{ id: 'job' }, signals.pause]])
    await unchanged()
  })

  it.each<[string, Provider['status']]>([
    ['names none', () => Promise.resolve({ state: 'completed' })],
    ['names the same', () => Promise.resolve({ state: 'completed', url: clipUrl })],
    ['is at work again', () => Promise.resolve({ state: 'pending' })],
    ['does not respond', () => Promise.reject(new ProviderError({ provider: 'fal', kind: 'unavailable' }))],
  ])('stays while the provider %s', async (_, status) => {
    const { refresh, generation, row } = await setUp({ status })
    const before = await row()
    expect([await refresh(), await row()]).toEqual([generation, before])
  })

  it('stays where no job is known', async () => {
    const { refresh, generation, context, database } = await setUp({ status: () => Promise.reject(new Error('not asked')) }, null)
    expect(await refresh()).toEqual(generation)
    await database.statements.deleteFrom('attempts').execute()
    expect(await refresh()).toEqual(generation)
    expect(await refreshOutputUrl({ ...generation, provider: 'runware' }, context, new AbortController().signal)).toMatchObject({
      outputUrl: clipUrl,
    })
  })

  it.each([{ url: clipUrl }, { url: newUrl }, {}])('of a clip that is flagged only now (%o) is posted as a spoiler', async (named) => {
    const { refresh, row, logged } = await setUp({ status: () => Promise.resolve({ state: 'completed', flagged: true, ...named }) })
    expect(await refresh()).toMatchObject({ outputUrl: named.url ?? clipUrl, outputFlagged: true })
    expect([(await row())?.output_flagged, logged()]).toMatchObject([1, [{ level: 40 }]])
  })

  it('is not changed by a process that no longer owns the clip', async () => {
    const { refresh, row, database, generation } = await setUp({ status: () => Promise.resolve({ state: 'completed', url: newUrl }) })
    await put(database, generation.id, { owner: 'another-worker' })
    await expect(refresh()).rejects.toBeInstanceOf(LeaseLost)
    expect((await row())?.output_url).toBe(clipUrl)
  })

  it('does not hide a fault of our own', async () => {
    const fault = new TypeError('a fault of our own')
    await expect((await setUp({ status: () => Promise.reject(fault) })).refresh()).rejects.toBe(fault)
  })

  it('is not asked for any more once the bot stops', async () => {
    const stopping = new Stopping()
    const { refresh, pause } = await setUp({
      status: () => {
        pause.abort(stopping)
        return Promise.reject(new ProviderError({ provider: 'fal', kind: 'timeout' }))
      },
    })
    await expect(refresh()).rejects.toBe(stopping)
  })

  it('comes with the cost, which is recorded', async () => {
    const cost = { printed: 0.36, unit: 1_000_000 }
    const { refresh, database, generation } = await setUp({ status: () => Promise.resolve({ state: 'completed', url: newUrl, cost }) })
    await refresh()
    const row = await database.statements.selectFrom('attempts').select('provider_cost').executeTakeFirst()
    expect([row, await ledgerOf(database, generation.id)]).toEqual([{ provider_cost: 360_000 }, 'reserve correction-installation'])
  })

  it.each<[string, Awaited<ReturnType<Provider['status']>>, string, number]>([
    ['failed', { state: 'failed', error: new ProviderError({ provider: 'fal', kind: 'moderation' }) }, 'moderation', 0],
    [
      'failed and was billed',
      { state: 'failed', error: new ProviderError({ provider: 'fal', kind: 'moderation' }), billed: true },
      'moderation',
      0,
    ],
    ['was cancelled', { state: 'cancelled' }, 'unavailable', 0],
    ['was cancelled for free', { state: 'cancelled', billed: false }, 'unavailable', 1],
  ])('does not exist if the job %s after all', async (_, status, reason, corrections) => {
    const { refresh, database, generation } = await setUp({ status: () => Promise.resolve(status) })
    const captured = { generation_id: generation.id, take: 1, kind: 'capture', amount: 350_000, guild_id: '1', created_at: 1 } as const
    const keys = { day_key: '1', month_key: '1', installation_day_key: '1', installation_month_key: '1' }
    await database.statements
      .insertInto('ledger')
      .values({ ...captured, ...keys })
      .execute()
    await database.statements.updateTable('wallets').set({ spent: 350_000 }).execute()
    const outcome: unknown = await refresh().catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(Outcome)
    expect(outcome).toMatchObject({ state: 'failed', reason, settlement: 'refund' })
    expect((outcome as Outcome).cause).toBe(status.state === 'failed' ? status.error : undefined)
    expect((await ledgerOf(database, generation.id)).split(' ').filter((kind) => kind.startsWith('correction'))).toHaveLength(corrections)
  })
})
