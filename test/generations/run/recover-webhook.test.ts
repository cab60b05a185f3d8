import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { recoverSubmission } from '../../../src/generations/run/recover-submission.ts'
import { type Attempt, latestAttempt } from '../../../src/generations/store/attempts.ts'
import { recordWebhookEvent } from '../../../src/generations/store/webhook-events.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import { openStore, type Store, stores } from '../../storage/stores.ts'
import { quickProvider } from '../worker/worker-stage.ts'
import { attempted, claimed, createWaitingClock, setUpRun, startsAt } from './run-stage.ts'

const [sqlite] = stores as [Store]
const job = { id: 'the-job' }
const usualWaits = [1000, 4000, 15_000]
const webhooks = { webhookUrlOf: () => 'https://bot.example/webhook' }
const down = () => Promise.reject(new ProviderError({ provider: 'fal', kind: 'unavailable' }))

describe('the search for the job of a lost create call', () => {
  async function setUp(change: Partial<Provider> = {}, sentAt: number | null = startsAt) {
    const [database, clock] = [await openStore(sqlite), createWaitingClock()]
    const provider = quickProvider('fal', change)
    const tested = await setUpRun(database, { clock })
    const generation = await claimed(database, 'submitting')
    await attempted(database, generation, 'fal', {
      state: 'unknown',
      sent_at: sentAt,
      images: '{"firstFrame":{"url":"https://images.example/1"}}',
    })
    const attempt: Attempt = (await latestAttempt(database.statements, generation.id)) ?? expect.unreachable('it was just written')
    const search = (context: Partial<typeof tested.context> = {}) =>
      recoverSubmission({ generation, provider, attempt }, { ...tested.context, ...context }, tested.signals.pause)
    return { ...tested, database, generation, attempt, search, waits: clock.waits }
  }

  it('is not begun where the provider has no way to tell', async () => {
    const { search, waits } = await setUp()
    expect([await search(), waits]).toEqual([undefined, []])
  })

  it('waits for the webhook where the provider can only send one', async () => {
    const { search, waits } = await setUp()
    expect([await search(webhooks), waits]).toEqual([undefined, usualWaits])
  })

  it('ends with the job that a webhook names, without asking for it', async () => {
    const { search, database, attempt, waits, generation, logged } = await setUp({ recover: () => expect.unreachable('not asked') })
    await recordWebhookEvent(database.statements, attempt, { deliveryId: '1', operation: job }, startsAt)
    expect([await search(webhooks), waits]).toEqual([job, []])
    expect(logged()).toMatchObject([{ level: 30, generation: generation.id, provider: 'fal' }])
  })

  it('tells the provider all that marks the attempt', async () => {
    const asked: unknown[] = []
    const { search, generation, attempt, signals } = await setUp({
      recover: (...call) => Promise.resolve(asked.push(...call) > 0 ? job : 'unknown'),
    })
    expect(await search(webhooks)).toEqual(job)
    const lost = { attemptId: attempt.id, webhookUrl: 'https://bot.example/webhook', submittedAt: startsAt }
    expect(asked).toEqual([generation.request, { firstFrame: { url: 'https://images.example/1' } }, lost, { signal: signals.pause }])
  })

  it('asks nothing about a call of which nobody knows when it was sent', async () => {
    const { search, waits } = await setUp({ recover: () => expect.unreachable('not asked') }, null)
    expect([await search(), waits]).toEqual([undefined, usualWaits])
  })

  it('ends ten minutes after the call to the millisecond', async () => {
    const { search, waits, logged } = await setUp({ recover: down }, startsAt - 599_000)
    expect([await search(), waits]).toEqual([undefined, [1000]])
    expect(logged()).toHaveLength(2)
  })

  it('goes on although the request is gone', async () => {
    let asked = 0
    const { search, waits, database } = await setUp({ recover: () => ((asked += 1) < 3 ? down() : Promise.resolve(job)) })
    for (const table of ['attempts', 'ledger', 'generations'] as const) await database.statements.deleteFrom(table).execute()
    expect([await search(), waits]).toEqual([job, [1000, 2000]])
  })

  it('does not hide a fault of our own', async () => {
    const fault = new TypeError('a fault of our own')
    await expect((await setUp({ recover: () => Promise.reject(fault) })).search()).rejects.toBe(fault)
  })

  it('is left to the next process when the bot stops', async () => {
    const stopping = new Stopping()
    const { search, pause, waits } = await setUp({
      recover: () => {
        pause.abort(stopping)
        return down()
      },
    })
    await expect(search()).rejects.toBe(stopping)
    const between = await setUp({ recover: () => Promise.resolve('unknown') })
    const clock = createWaitingClock(() => between.pause.abort(stopping))
    await expect(between.search({ clock })).rejects.toBe(stopping)
    expect([waits, clock.waits]).toEqual([[], [1000]])
  })
})
