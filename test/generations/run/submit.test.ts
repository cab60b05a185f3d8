import { describe, expect, it } from 'vitest'

import type { GenerationState } from '../../../src/generations/model/generation.ts'
import { Outcome } from '../../../src/generations/model/outcome.ts'
import { listBlocked } from '../../../src/generations/queue/provider-blocks.ts'
import { latestAttempt } from '../../../src/generations/store/attempts.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { AttemptRow } from '../../../src/storage/schema.ts'
import { stores } from '../../storage/stores.ts'
import { attemptsOf, bystander, startsAt } from './run-stage.ts'
import { failure, job, setUpSubmit } from './submit-stage.ts'

describe.each(stores)('the submission of a generation on $name', (store) => {
  const setUp = (...change: [Partial<Provider>?, GenerationState?]) => setUpSubmit(store, ...change)

  it('makes one attempt, sends it, and then it renders', async () => {
    const { start, fal, row, database, id, shown } = await setUp()
    const unchanged = await bystander(database, 'submitting')
    const { operation, attempt, generation } = await start()
    expect([operation, attempt.operation, generation.state]).toEqual([{ id: 'fal-job-1' }, { id: 'fal-job-1' }, 'rendering'])
    expect([fal.creates, await attemptsOf(database, id), shown]).toEqual([1, ['fal accepted'], [{ state: 'submitting', now: startsAt }]])
    expect(await row()).toMatchObject({ state: 'rendering', started_at: startsAt })
    expect(await latestAttempt(database.statements, id)).toMatchObject({ sentAt: startsAt, operation: { id: 'fal-job-1' } })
    await unchanged()
  })

  it('tells the provider which attempt it is, and where to send its webhook', async () => {
    const options: unknown[] = []
    const { start, context, signals } = await setUp({
      start: (...call) => {
        options.push(...call)
        return Promise.resolve({ id: 'job' })
      },
    })
    context.webhookUrlOf = ({ webhookToken }) => `https://bot.example/${webhookToken}`
    const { attempt, generation } = await start()
    const webhookUrl = `https://bot.example/${attempt.webhookToken}`
    expect(options).toEqual([generation.request, {}, { attemptId: attempt.id, webhookUrl, signal: signals.force }])
  })

  it('does not ask the provider a second time for a job that it accepted', async () => {
    const rendering = await setUp({}, 'rendering')
    await rendering.before('fal', { state: 'accepted', ...job })
    const { row, database, id } = rendering
    expect(await rendering.start()).toMatchObject({ operation: { id: 'job' }, generation: { state: 'rendering' } })
    // It was accepted before: the time does not begin anew.
    expect([rendering.fal.creates, (await row())?.started_at, await attemptsOf(database, id)]).toEqual([0, null, ['fal accepted']])
    const submitting = await setUp()
    await submitting.before('fal', { state: 'accepted', ...job })
    expect(await submitting.start()).toMatchObject({
      operation: { id: 'job' },
      attempt: { provider: 'fal' },
      generation: { state: 'rendering' },
    })
    expect([submitting.fal.creates, submitting.shown]).toEqual([0, []])
  })

  it('goes on with an attempt that was not sent', async () => {
    const { start, before, fal, database, id } = await setUp()
    await before('fal', {})
    await start()
    expect([fal.creates, await attemptsOf(database, id)]).toEqual([1, ['fal accepted']])
  })

  it('begins anew where the last attempt was at another provider', async () => {
    const { start, before, fal, database, id } = await setUp()
    await before('replicate', { state: 'refused', end_reason: 'unavailable' })
    await start()
    expect([fal.creates, await attemptsOf(database, id)]).toEqual([1, ['replicate refused unavailable', 'fal accepted']])
  })

  it.each(['sent', 'unknown'] as const)('searches for a job whose call was %s by a process that died', async (state) => {
    const lost: unknown[] = []
    const { start, before, fal, database, id } = await setUp({
      recover: (_, __, mark) => {
        lost.push(mark)
        return Promise.resolve({ id: 'found' })
      },
    })
    const attemptId = await before('fal', { state, sent_at: startsAt - 5 })
    expect(await start()).toMatchObject({ operation: { id: 'found' }, attempt: { id: attemptId, operation: { id: 'found' } } })
    expect([fal.creates, await attemptsOf(database, id), lost]).toEqual([
      0,
      [state === 'sent' ? 'fal accepted submission_unknown' : 'fal accepted'],
      [{ attemptId, webhookUrl: undefined, submittedAt: startsAt - 5 }],
    ])
  })

  it.each(['sent', 'unknown'] as const)('holds a job that cannot be found (%s)', async (state) => {
    const { end, before, fal, database } = await setUp()
    const id = await before('fal', { state, sent_at: startsAt - 5 })
    expect(await end()).toMatchObject({ name: 'Outcome', state: 'held', reason: 'submission_unknown', settlement: 'hold' })
    const [attempt] = await database.statements.selectFrom('attempts').select(['state', 'ended_at']).where('id', '=', id).execute()
    expect([fal.creates, attempt]).toEqual([0, { state: 'unknown', ended_at: state === 'sent' ? startsAt : null }])
  })

  it('searches for the job of a call whose response it lost itself, and lifts the block that came of it', async () => {
    const { start, database, id } = await setUp({
      start: () => Promise.reject(failure('submission_unknown')),
      recover: () => Promise.resolve({ id: 'found' }),
    })
    expect(await start()).toMatchObject({ operation: { id: 'found' } })
    expect([await attemptsOf(database, id), (await listBlocked(database.statements)).size]).toEqual([
      ['fal accepted submission_unknown'],
      0,
    ])
  })

  it('sends another attempt where the last one came too early', async () => {
    const { start, before, database, id } = await setUp()
    await before('fal', { state: 'refused', end_reason: 'rate_limited' })
    await start()
    expect(await attemptsOf(database, id)).toEqual(['fal refused rate_limited', 'fal accepted'])
  })

  it('goes on to the next provider if the process died between a refusal and what follows', async () => {
    const { end, before, fal } = await setUp()
    await before('fal', { state: 'refused', end_reason: 'unavailable' })
    expect(await end()).toMatchObject({ name: 'FailOver', candidates: ['replicate'], cause: { kind: 'unavailable' } })
    expect(fal.creates).toBe(0)
  })

  it('ends with the reason of an earlier provider where that one decides', async () => {
    const { end, before } = await setUp({ start: () => Promise.reject(failure('unavailable')) })
    await before('replicate', { state: 'refused', end_reason: 'auth' })
    expect(await end()).toMatchObject({ name: 'Outcome', reason: 'auth', provider: 'replicate' })
  })

  it('counts an attempt that it continues once: too many requests end at the third', async () => {
    const { end, before } = await setUp({ start: () => Promise.reject(failure('rate_limited')) })
    for (const provider of ['replicate', 'fal']) await before(provider, { state: 'refused', end_reason: 'rate_limited' })
    await before('fal', {})
    expect(await end()).toMatchObject({ candidates: ['fal'] })
  })

  it.each<[string, Partial<AttemptRow> | undefined, object]>([
    ['holds a job', { state: 'accepted', ...job }, { state: 'held', reason: 'auth', settlement: 'hold' }],
    ['holds what was sent', { state: 'sent' }, { state: 'held', reason: 'auth', settlement: 'hold' }],
    ['holds what may be a job', { state: 'unknown' }, { state: 'held', reason: 'auth', settlement: 'hold' }],
    ['returns what was not sent', {}, { name: 'BackToQueue' }],
    ['returns what was refused', { state: 'refused' }, { name: 'BackToQueue' }],
    ['returns what was not begun', undefined, { name: 'BackToQueue' }],
  ])('%s if the key of its provider was removed', async (_, row, expected) => {
    const { end, before, context } = await setUp()
    if (row) await before('fal', row)
    context.providers = new Map()
    expect(await end()).toMatchObject(expected)
  })

  it('is not decided by a provider that did not refuse it safely', async () => {
    const { end } = await setUp({ start: () => Promise.reject(failure('unavailable', false)) })
    expect(await end()).toBeInstanceOf(Outcome)
  })
})
