import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { resumeHeld } from '../../../src/generations/held/resume.ts'
import { openAttempt } from '../../../src/generations/store/attempts.ts'
import { findGeneration } from '../../../src/generations/store/generations.ts'
import { recordOperation, recordRefusal } from '../../../src/generations/store/provider-facts.ts'
import { hasWebhookEvent } from '../../../src/generations/store/webhook-events.ts'
import type { Provider, Status } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { acceptHeld, leaveWebhook } from '../../support/store/held.ts'
import { refuseUpdates } from '../../support/store/refused-writes.ts'
import { quickProvider } from '../worker/worker-stage.ts'

const now = Date.UTC(2026, 10, 20, 12)
const heldAt = now - 60_000
const clip: Status = { state: 'completed', url: 'https://provider.example/clip.mp4' }
const operation = { id: 'job' }
const down = () => Promise.reject(new ProviderError({ provider: 'fal', kind: 'unavailable' }))

interface Look {
  status?: Provider['status']
  providers?: readonly string[]
  running?: string
  signal?: AbortSignal
}

/** One look of this worker at the held requests. Tells which it resumed. */
async function resume(
  database: Database,
  { status = () => Promise.resolve(clip), providers = ['fal'], running, signal = new AbortController().signal }: Look = {},
) {
  const resumed: string[] = []
  const { log, lines } = createCapturedLog()
  const context = {
    ...{ database, log, owner: 'this-worker' },
    clock: { now: () => now, sleep: () => Promise.resolve() },
    providers: new Map(providers.map((id) => [id, quickProvider(id, { status })])),
  }
  const onResumed = ({ id }: { id: string }) => void resumed.push(id)
  await resumeHeld(context, signal, { isRunning: (id) => id === running, onResumed })
  return { resumed, lines }
}

const find = async ({ statements }: Database, id: string) => findGeneration(statements, id)

describe.each(stores)('a held request on $name', (store) => {
  it("resumes as this worker's own when a response came late: a job is watched", async () => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { heldAt })
    expect((await resume(database)).resumed).toEqual([])
    await recordOperation(database.statements, attemptId, operation)
    expect((await resume(database)).resumed).toEqual([id])
    const resumed = await find(database, id)
    expect(resumed).toMatchObject({ state: 'rendering', owner: 'this-worker' })
    expect([resumed?.endedAt, resumed?.endReason]).toEqual([undefined, undefined])
    expect((await resume(database)).resumed).toEqual([])
  })

  it('resumes when a refusal came late: it is submitted elsewhere', async () => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { heldAt })
    await recordRefusal(database.statements, attemptId, { endReason: 'unavailable', now })
    expect((await resume(database)).resumed).toEqual([id])
    expect(await find(database, id)).toMatchObject({ state: 'submitting', owner: 'this-worker' })
  })

  it('resumes with the job that a webhook names, once its provider confirms it', async () => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { heldAt })
    // The job was unknown, so even a webhook from before it was held is news.
    await leaveWebhook(database, attemptId, { job: 'job', receivedAt: heldAt - 1 })
    // Not a failure: the provider may only be unreachable.
    expect(await resume(database, { status: down })).toEqual({ resumed: [], lines: [] })
    expect(await find(database, id)).toMatchObject({ state: 'held' })
    expect((await resume(database)).resumed).toEqual([id])
    const { operation_id: stored } = await database.statements.selectFrom('attempts').select('operation_id').executeTakeFirstOrThrow()
    expect(stored).toBe('job')
  })

  it.each<[string, Status, number, boolean]>([
    ['final', clip, heldAt, true],
    ['final, known when it was held', clip, heldAt - 1, false],
    ['not final', { state: 'pending' }, heldAt, false],
  ])('whose job is known, after a webhook: %s', async (_, status, receivedAt, resumes) => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { heldAt, operation })
    await leaveWebhook(database, attemptId, { job: 'job', receivedAt })
    expect((await resume(database, { status: () => Promise.resolve(status) })).resumed).toEqual(resumes ? [id] : [])
    expect((await find(database, id))?.state).toBe(resumes ? 'rendering' : 'held')
    // Otherwise a webhook that says nothing new would be asked about at every look.
    expect(await hasWebhookEvent(database.statements, attemptId)).toBe(status.state !== 'pending')
  })

  it('stays held after a webhook of an earlier attempt', async () => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { heldAt, provider: 'replicate' })
    await recordRefusal(database.statements, attemptId, { endReason: 'unavailable', now })
    await database.statements.updateTable('generations').set({ state: 'submitting', owner: 'dead', provider: 'fal' }).execute()
    const later = await openAttempt(database, { generationId: id, provider: 'fal', owner: 'dead', now })
    await database.statements
      .updateTable('attempts')
      .set({ state: 'unknown', ended_at: now, operation: JSON.stringify({ id: 'later' }), operation_id: 'later' })
      .where('id', '=', later.id)
      .execute()
    await database.statements.updateTable('generations').set({ state: 'held', owner: null }).execute()
    await leaveWebhook(database, attemptId, { job: 'earlier', receivedAt: now })
    // Another one has a webhook of its present attempt.
    const other = await acceptHeld(database, { heldAt, operation })
    await leaveWebhook(database, other.attemptId, { job: 'job', receivedAt: heldAt })
    const asked: string[] = []
    const status = ({ id: job }: { id: string }) => {
      asked.push(job)
      return Promise.resolve(clip)
    }
    expect((await resume(database, { providers: ['fal', 'replicate'], status })).resumed).toEqual([other.id])
    expect(asked).toEqual(['job'])
    expect(await find(database, id)).toMatchObject({ state: 'held' })
  })

  it('waits for a worker that has the key of its provider', async () => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { heldAt })
    await recordOperation(database.statements, attemptId, operation)
    expect(await resume(database, { providers: ['replicate'] })).toEqual({ resumed: [], lines: [] })
    const known = await acceptHeld(database, { heldAt, operation: { id: 'known' } })
    await leaveWebhook(database, known.attemptId, { job: 'known', receivedAt: now })
    expect(await resume(database, { providers: ['replicate'] })).toEqual({ resumed: [], lines: [] })
    expect((await resume(database)).resumed.toSorted()).toEqual([id, known.id].toSorted())
  })

  it('waits for the run that still posts its outcome here', async () => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { heldAt })
    await recordOperation(database.statements, attemptId, operation)
    expect((await resume(database, { running: id })).resumed).toEqual([])
    expect((await resume(database)).resumed).toEqual([id])
  })

  it('is left to the operator who decided', async () => {
    const database = await openStore(store)
    const { attemptId } = await acceptHeld(database, { heldAt })
    await recordOperation(database.statements, attemptId, operation)
    await database.statements.updateTable('generations').set({ held_decision: 'billed' }).execute()
    expect((await resume(database)).resumed).toEqual([])
  })

  it('is not given a job that another request has: the webhook is dropped', async () => {
    const database = await openStore(store)
    await acceptHeld(database, { heldAt: now, operation })
    const { id, attemptId } = await acceptHeld(database, { heldAt })
    await leaveWebhook(database, attemptId, { job: 'job', receivedAt: now })
    expect((await resume(database)).resumed).toEqual([])
    expect(await find(database, id)).toMatchObject({ state: 'held' })
    expect(await hasWebhookEvent(database.statements, attemptId)).toBe(false)
  })

  it('keeps the webhook when the store fails', async () => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { heldAt })
    await leaveWebhook(database, attemptId, { job: 'job', receivedAt: now })
    const succeedAgain = await refuseUpdates(database, 'attempts', 'true')
    const { resumed, lines } = await resume(database)
    expect([resumed, lines.length]).toEqual([[], 1])
    await succeedAgain()
    expect((await resume(database)).resumed).toEqual([id])
  })

  it('does not keep the others waiting when its provider fails', async () => {
    const database = await openStore(store)
    const failing = await acceptHeld(database, { heldAt, operation: { id: 'down' } })
    await leaveWebhook(database, failing.attemptId, { job: 'down', receivedAt: now })
    const { id, attemptId } = await acceptHeld(database, { heldAt })
    await recordOperation(database.statements, attemptId, operation)
    const { resumed, lines } = await resume(database, { status: ({ id: job }) => (job === 'down' ? down() : Promise.resolve(clip)) })
    expect(resumed).toEqual([id])
    expect(lines.filter((line) => line.includes('trying again'))).toHaveLength(1)
    expect([...database.setAside.ids]).toEqual([])
  })

  it('is set aside when it cannot be read, and the others go on', async () => {
    const database = await openStore(store)
    const broken = await acceptHeld(database, { heldAt })
    await recordOperation(database.statements, broken.attemptId, { id: 'broken' })
    await database.statements.updateTable('attempts').set({ operation: '{' }).where('id', '=', broken.attemptId).execute()
    const { id, attemptId } = await acceptHeld(database, { heldAt })
    await recordOperation(database.statements, attemptId, operation)
    expect((await resume(database)).resumed).toEqual([id])
    expect([...database.setAside.ids]).toEqual([broken.id])
    expect(await resume(database)).toEqual({ resumed: [], lines: [] })
  })

  it('is not looked at further when the worker stops', async () => {
    const database = await openStore(store)
    const { id, attemptId } = await acceptHeld(database, { heldAt, operation })
    await leaveWebhook(database, attemptId, { job: 'job', receivedAt: now })
    const stopping = new AbortController()
    const stopped = new Error('stopped')
    const status: Provider['status'] = (_, { signal }) =>
      new Promise((__, reject) => {
        signal.addEventListener('abort', () => reject(new ProviderError({ provider: 'fal', kind: 'timeout' })))
        stopping.abort(stopped)
      })
    await expect(resume(database, { status, signal: stopping.signal })).rejects.toBe(stopped)
    expect(await find(database, id)).toMatchObject({ state: 'held' })
  })
})
