import { getEventListeners } from 'node:events'

import { describe, expect, it } from 'vitest'

import { DeliveryError } from '../../../src/generations/model/delivery-port.ts'
import { Outcome } from '../../../src/generations/model/outcome.ts'
import { LeaseLost, Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { deliver } from '../../../src/generations/run/deliver.ts'
import { findRow } from '../../../src/generations/store/generations.ts'
import { DownloadError } from '../../../src/media/download.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { mp4 } from '../../support/media/mp4.ts'
import { quickProvider } from '../worker/worker-stage.ts'
import { attempted, bystander, claimed, clipUrl, createWaitingClock, setUpRun, type Stage, startsAt } from './run-stage.ts'

const [minute, hour] = [60_000, 3_600_000]
const expiresAt = startsAt + hour
const bytes = new Uint8Array(mp4())
const discordFails = () => Promise.reject(new DeliveryError('HTTP 503', { permanent: false }))
/** Each wait is three quarters of the one before, doubled, up to five minutes: the chance of the test is a half. */
const firstWaits = [1500, 3000, 6000, 12_000, 24_000, 48_000, 96_000, 192_000]

const total = (waits: readonly number[]) => waits.reduce((sum, wait) => sum + wait, 0)

describe.each(stores)('a finished clip on $name', (store) => {
  /** Its provider serves it for an hour; from the 54th minute on its link will do. */
  async function setUp(stage: Stage = {}, { change = {}, mayBePosted = false } = {}) {
    const database = await openStore(store)
    const clock = createWaitingClock()
    const fal = quickProvider('fal')
    const tested = await setUpRun(database, { clock, providers: [fal], ...stage })
    const generation = await claimed(database, 'delivering', {
      change: { output_url: clipUrl, output_expires_at: expiresAt, captured: 1, ...change },
    })
    await attempted(database, generation, 'fal', { state: 'completed', operation: '{"id":"job"}' })
    const start = () => deliver(generation, tested.context, { ...tested.signals, mayBePosted })
    return { ...tested, database, generation, start, waits: clock.waits, row: () => findRow(database.statements, generation.id) }
  }

  it('is posted once, and done', async () => {
    const { start, seen, posts, shown, row, waits, signals, database } = await setUp()
    const unchanged = await bystander(database, 'delivering')
    await start()
    expect([seen, waits, posts]).toEqual([['post'], [], [{ bytes, url: clipUrl, durationSeconds: 5 }]])
    expect(shown).toEqual([{ state: 'delivering', now: startsAt, progress: 1, askingUntil: undefined }])
    expect(await row()).toMatchObject({ state: 'done', ended_at: startsAt, message_id: '2' })
    // Thousands of clips share the signal of one process.
    expect(getEventListeners(signals.pause, 'abort')).toEqual([])
    await unchanged()
  })

  it('that an earlier process posted is not posted again', async () => {
    const findPosted = () => Promise.resolve({ channelId: '1', messageId: '7' })
    const { start, seen, shown, row } = await setUp({ findPosted }, { mayBePosted: true })
    await start()
    expect([seen, shown, (await row())?.message_id]).toEqual([['look'], [], '7'])
  })

  it('whose upload seemed to fail is looked for before it is posted again', async () => {
    const seenAt: number[] = []
    const findPosted = () => Promise.resolve(seenAt.push(0) < 2 ? undefined : { channelId: '1', messageId: '7' })
    const { start, seen, waits, logged } = await setUp({ post: discordFails, findPosted })
    expect(await start()).toMatchObject({ delivered: { state: 'done', messageId: '7' } })
    expect([seen, waits]).toEqual([['post', 'look', 'post', 'look'], firstWaits.slice(0, 2)])
    expect(logged().filter(({ msg }) => msg === 'delivery failed; trying again')).toHaveLength(2)
  })

  it('that Discord does not take is posted as a link in the last tenth of its life, and refunded at the end of it', async () => {
    const { start, seen, posts, waits } = await setUp({ post: discordFails })
    const outcome: unknown = await start().catch((error: unknown) => error)
    expect(outcome).toBeInstanceOf(Outcome)
    expect(outcome).toMatchObject({ state: 'failed', reason: 'undeliverable', settlement: 'refund', cause: { message: 'HTTP 503' } })
    const untilLink = waits.slice(0, -6)
    expect(untilLink.slice(0, 9)).toEqual([...firstWaits, 225_000])
    expect([total(untilLink), waits.slice(-6)]).toEqual([54 * minute, Array(6).fill(minute)])
    const tries = seen.filter((kind) => kind !== 'look')
    expect([tries.indexOf('link'), tries.length]).toEqual([untilLink.length, waits.length + 1])
    expect(posts.at(-1)).toEqual({ url: clipUrl, durationSeconds: 5 })
  })

  it('that expired while the bot was down is tried for ten more minutes, once a minute in the end', async () => {
    const { start, waits } = await setUp({ post: discordFails }, { change: { output_expires_at: startsAt - hour } })
    await expect(start()).rejects.toBeInstanceOf(Outcome)
    expect([total(waits), waits.slice(0, 6), waits.at(-1)]).toEqual([
      10 * minute,
      firstWaits.slice(0, 6),
      10 * minute - 94_500 - 8 * minute,
    ])
  })

  it('that an earlier version stored without an expiry lives as long as its provider serves clips', async () => {
    const { start, row, database } = await setUp({ outputLifetimes: new Map([['fal', 2 * hour]]) }, { change: { output_expires_at: null } })
    const unchanged = await bystander(database, 'delivering')
    await start()
    expect((await row())?.output_expires_at).toBe(startsAt + 2 * hour)
    await unchanged()
  })

  it('keeps its expiry', async () => {
    const { start, row } = await setUp({}, { change: { output_expires_at: startsAt + 5 } })
    await start()
    expect((await row())?.output_expires_at).toBe(startsAt + 5)
  })

  it('that its provider does not serve is asked for until it expires; the member reads so from the fourth time on', async () => {
    const statuses: unknown[] = []
    const status = () => Promise.resolve({ state: 'pending' as const, is: statuses.push(0) })
    const missing = () => Promise.reject(new DownloadError('refused', 404))
    const { start, seen, shown, waits } = await setUp({ providers: [quickProvider('fal', { status })], download: missing })
    await expect(start()).rejects.toMatchObject({ state: 'failed', reason: 'output_gone', settlement: 'refund' })
    expect([seen, total(waits), statuses.length]).toEqual([[], hour, waits.length])
    expect(shown.slice(0, 5).map(({ askingUntil }) => askingUntil)).toEqual([undefined, undefined, undefined, expiresAt, expiresAt])
  })

  it('of which no clip was ever named is refunded as gone', async () => {
    const { start } = await setUp({ providers: [] }, { change: { output_url: null } })
    await expect(start()).rejects.toMatchObject({ reason: 'output_gone', settlement: 'refund' })
  })

  it('that was served once is asked for anew, and only its upload is tried again', async () => {
    let statuses = 0
    const status = () => Promise.resolve({ state: 'completed' as const, url: clipUrl, is: (statuses += 1) })
    let downloads = 0
    const download = () => {
      downloads += 1
      return downloads < 5 ? Promise.reject(new DownloadError('incomplete')) : Promise.resolve(bytes)
    }
    let posts = 0
    const post = () => ((posts += 1) < 3 ? discordFails() : Promise.resolve({ channelId: '1', messageId: '2' }))
    const { start, shown } = await setUp({ providers: [quickProvider('fal', { status })], download, post })
    await start()
    expect([downloads, statuses]).toEqual([7, 4])
    const asking = shown.map(({ askingUntil }) => askingUntil !== undefined)
    expect(asking).toEqual([false, false, false, true, true, false, false])
  })

  it('whose link would lead nowhere is not posted as a link', async () => {
    let downloads = 0
    // It is gone after the first download.
    const download = () => ((downloads += 1) === 1 ? Promise.resolve(bytes) : Promise.reject(new DownloadError('refused', 410)))
    const { start, seen } = await setUp({ download, post: discordFails })
    await expect(start()).rejects.toMatchObject({ reason: 'output_gone' })
    expect(seen).not.toContain('link')
  })

  it('that is broken twice is refunded; a provider that serves it once more is given that chance', async () => {
    let downloads = 0
    const download = () => Promise.resolve((downloads += 1) < 3 ? bytes.subarray(0, 100) : bytes)
    const { start, waits } = await setUp({ download })
    await expect(start()).rejects.toMatchObject({
      state: 'failed',
      reason: 'output-unusable',
      settlement: 'refund',
      cause: { fault: 'incomplete' },
    })
    expect([downloads, waits]).toEqual([2, firstWaits.slice(0, 1)])
    // The second of these is whole.
    const once = await setUp({ download: () => Promise.resolve((downloads += 1) < 4 ? bytes.subarray(0, 100) : bytes) })
    expect(await once.start()).toMatchObject({ delivered: { state: 'done' } })
  })

  it('that Discord refuses for good is refunded at once', async () => {
    const { start, waits } = await setUp({ post: () => Promise.reject(new DeliveryError('HTTP 403', { permanent: true })) })
    await expect(start()).rejects.toMatchObject({ state: 'failed', reason: 'undeliverable', settlement: 'refund' })
    expect(waits).toEqual([])
  })

  it('is left to the process that has taken it over', async () => {
    const { start, waits } = await setUp({ post: () => Promise.reject(new LeaseLost('another process owns it')) })
    await expect(start()).rejects.toBeInstanceOf(LeaseLost)
    expect(waits).toEqual([])
  })

  it('is not refunded for a fault of our own', async () => {
    const fault = new TypeError('a fault of our own')
    const { start, waits } = await setUp({ post: () => Promise.reject(fault) })
    await expect(start()).rejects.toBe(fault)
    expect(total(waits)).toBe(hour)
  })

  it('whose upload a lost lease broke off is not refused', async () => {
    const lost = new LeaseLost('the lease was lost')
    const { start, pause } = await setUp({
      post: (_, __, { signal }) => {
        pause.abort(lost)
        return Promise.reject(new DeliveryError(String(signal.aborted), { permanent: true }))
      },
    })
    await expect(start()).rejects.toBe(lost)
  })

  it('is left to the next process when the bot stops between two tries', async () => {
    const stopping = new Stopping()
    const clock = createWaitingClock((waits) => {
      if (waits.length === 2) pause.abort(stopping)
    })
    const { start, pause } = await setUp({ clock, post: discordFails })
    await expect(start()).rejects.toBe(stopping)
    expect(clock.waits).toEqual(firstWaits.slice(0, 2))
  })
})
