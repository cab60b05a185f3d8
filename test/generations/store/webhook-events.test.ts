import { describe, expect, it } from 'vitest'

import { type Attempt, findAttemptByToken, openAttempt } from '../../../src/generations/store/attempts.ts'
import {
  deleteWebhookEvents,
  hasWebhookEvent,
  operationFromWebhook,
  recordWebhookEvent,
} from '../../../src/generations/store/webhook-events.ts'
import type { Operation } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { quickProvider } from '../worker/worker-stage.ts'
import { markSent } from '../../support/store/attempts.ts'

const owner = 'this-process'
const { signal } = new AbortController()

async function sentAttempt(database: Database): Promise<Attempt> {
  const { id } = await acceptGeneration(database)
  await database.statements.updateTable('generations').set({ state: 'submitting', owner }).where('id', '=', id).execute()
  const attempt = await openAttempt(database, { generationId: id, provider: 'fal', owner, now: 1 })
  return markSent(database, { attempt, owner }, {}, 2)
}

const delivery = (deliveryId: string, jobId: string) => ({ deliveryId, operation: { id: jobId } })

/** A provider that knows these jobs alone. Tells which it was asked about. */
function providerOf(...jobIds: string[]) {
  const asked: string[] = []
  const status = ({ id }: Operation) => {
    asked.push(id)
    return jobIds.includes(id) ? Promise.resolve({ state: 'pending' } as const) : Promise.reject(new Error('unknown job'))
  }
  return { asked, provider: quickProvider('fal', { status }) }
}

describe.each(stores)('webhook events on $name', (store) => {
  it('are recorded once for each delivery', async () => {
    const database = await openStore(store)
    const { statements } = database
    const [attempt, other] = [await sentAttempt(database), await sentAttempt(database)]
    expect(await hasWebhookEvent(statements, attempt.id)).toBe(false)
    expect(await recordWebhookEvent(statements, attempt, delivery('one', 'job'), 3)).toBe(true)
    expect(await recordWebhookEvent(statements, attempt, delivery('one', 'job'), 4)).toBe(false)
    expect(await recordWebhookEvent(statements, attempt, delivery('two', 'job'), 5)).toBe(true)
    expect([await hasWebhookEvent(statements, attempt.id), await hasWebhookEvent(statements, other.id)]).toEqual([true, false])
    expect(await recordWebhookEvent(statements, other, delivery('one', 'other-job'), 6)).toBe(true)
    await deleteWebhookEvents(statements, attempt.id)
    expect([await hasWebhookEvent(statements, attempt.id), await hasWebhookEvent(statements, other.id)]).toEqual([false, true])
  })

  it('are refused where they name another job than the attempt’s own', async () => {
    const database = await openStore(store)
    const attempt = { ...(await sentAttempt(database)), operation: { id: 'own-job' } }
    expect(await recordWebhookEvent(database.statements, attempt, delivery('one', 'another-job'), 3)).toBe(false)
    expect(await hasWebhookEvent(database.statements, attempt.id)).toBe(false)
    expect(await recordWebhookEvent(database.statements, attempt, delivery('two', 'own-job'), 4)).toBe(true)
  })

  it('tell the job of a lost create answer once the provider confirms it', async () => {
    const database = await openStore(store)
    const { statements } = database
    const attempt = await sentAttempt(database)
    await recordWebhookEvent(statements, attempt, delivery('one', 'forged-job'), 3)
    const stranger = providerOf('another-job')
    expect(await operationFromWebhook(statements, attempt, stranger.provider, signal)).toBeUndefined()
    expect(stranger.asked).toEqual(['forged-job'])
    await recordWebhookEvent(statements, attempt, delivery('two', 'own-job'), 4)
    expect(await operationFromWebhook(statements, attempt, providerOf('own-job').provider, signal)).toEqual({ id: 'own-job' })
  })

  it('that cannot be read prove nothing', async () => {
    const database = await openStore(store)
    const { statements } = database
    const attempt = await sentAttempt(database)
    await recordWebhookEvent(statements, attempt, delivery('one', 'own-job'), 3)
    await statements.updateTable('webhook_events').set({ operation: '{"id":' }).execute()
    const { asked, provider } = providerOf('own-job')
    expect(await operationFromWebhook(statements, attempt, provider, signal)).toBeUndefined()
    expect(asked).toEqual([])
  })

  it('are not asked about by a process that stops', async () => {
    const database = await openStore(store)
    const { statements } = database
    const attempt = await sentAttempt(database)
    await recordWebhookEvent(statements, attempt, delivery('one', 'a-job'), 3)
    const stop = new AbortController()
    const status = () => {
      stop.abort(new Error('this process stops'))
      return Promise.reject(new Error('the call was ended'))
    }
    const searching = operationFromWebhook(statements, attempt, quickProvider('fal', { status }), stop.signal)
    await expect(searching).rejects.toThrow('this process stops')
  })

  it('reach their attempt by provider and token alone', async () => {
    const database = await openStore(store)
    const attempt = await sentAttempt(database)
    expect(await findAttemptByToken(database.statements, 'fal', attempt.webhookToken)).toMatchObject({ id: attempt.id })
    expect(await findAttemptByToken(database.statements, 'replicate', attempt.webhookToken)).toBeUndefined()
    expect(await findAttemptByToken(database.statements, 'fal', 'another-token')).toBeUndefined()
  })
})
