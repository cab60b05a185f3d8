import { describe, expect, it } from 'vitest'

import { BackToQueue, FailOver } from '../../../src/generations/model/outcome.ts'
import { LeaseLost, Stopping } from '../../../src/generations/model/stop-reasons.ts'
import { blockProvider } from '../../../src/generations/queue/provider-blocks.ts'
import { latestAttempt } from '../../../src/generations/store/attempts.ts'
import { requestCancel } from '../../../src/generations/store/generations.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import { sharedNow } from '../../../src/storage/database.ts'
import { storeImage } from '../../../src/storage/images.ts'
import { stores } from '../../storage/stores.ts'
import { attemptsOf } from './run-stage.ts'
import { failure, image, setUpSubmit } from './submit-stage.ts'

describe.each(stores)('the last moment before a create call, on $name', (store) => {
  const setUp = (change?: Partial<Provider>) => setUpSubmit(store, change)

  it('uploads each image before it is sent, and none that there is not', async () => {
    const prepared: unknown[] = []
    const sent: unknown[] = []
    const { start, database, withImages, signals, id } = await setUp({
      prepare: (prepare, options) => {
        prepared.push(prepare.bytes.length, options.signal)
        return Promise.resolve({ url: `https://images.example/${prepare.sha256}` })
      },
      start: (_, images) => Promise.resolve({ id: `job-${sent.push(images)}` }),
    })
    await withImages('lastFrame')
    await storeImage(database.statements, image('lastFrame'), 1)
    await start()
    const lastFrame = { url: 'https://images.example/lastFrame' }
    expect([prepared, sent]).toEqual([[3, signals.pause], [{ lastFrame }]])
    expect((await latestAttempt(database.statements, id))?.images).toEqual({ lastFrame })
  })

  it('fails at no cost, and sends nothing, if an image was removed from the store', async () => {
    const { end, withImages, fal, logged, id } = await setUp()
    await withImages('firstFrame')
    expect(await end()).toMatchObject({ name: 'Outcome', state: 'failed', reason: 'internal', settlement: 'release' })
    expect([fal.creates, logged()]).toEqual([0, [expect.objectContaining({ level: 50, generation: id, sha256: 'firstFrame' })]])
  })

  /** Something happens while the image of a request is uploaded. */
  async function during(change: (stage: Awaited<ReturnType<typeof setUp>>) => Promise<unknown>) {
    const stage = await setUp({ prepare: () => change(stage).then(() => ({ url: 'https://images.example/1' })) })
    await stage.withImages('firstFrame')
    await storeImage(stage.database.statements, image('firstFrame'), 1)
    return { ...stage, error: await stage.end() }
  }

  it('sends nothing for a member who cancelled while their image was uploaded', async () => {
    const { error, fal } = await during(({ database, id }) => requestCancel(database.statements, id, { by: 'requester', now: 1 }))
    expect(error).toMatchObject({ name: 'Outcome', state: 'cancelled', reason: 'cancelled-by-member', settlement: 'release' })
    expect(fal.creates).toBe(0)
  })

  it.each([{ owner: 'another-worker' }, { state: 'queued' as const }])(
    'sends nothing if it lost the generation meanwhile (%o)',
    async (change) => {
      const { error, fal, database, id } = await during(({ database: { statements }, id: own }) =>
        statements
          .updateTable('generations')
          .set({ ...change, cancel_requested_at: 1 })
          .where('id', '=', own)
          .execute(),
      )
      expect(error).toBeInstanceOf(LeaseLost)
      expect([fal.creates, await attemptsOf(database, id)]).toEqual([0, ['fal preparing']])
    },
  )

  it('goes on to the next provider whatever the upload of an image failed of', async () => {
    const { error, database, id } = await during(() => Promise.reject(failure('timeout', false)))
    expect(error).toBeInstanceOf(FailOver)
    expect(await attemptsOf(database, id)).toEqual(['fal refused timeout'])
  })

  it('leaves nothing behind at a provider that was blocked since the claim', async () => {
    const { end, fal, database, context, id } = await setUp()
    await blockProvider(database, 'fal', 'auth', { now: await sharedNow(database, context.clock) })
    expect(await end()).toBeInstanceOf(BackToQueue)
    expect([fal.creates, await attemptsOf(database, id)]).toEqual([0, []])
  })

  it('takes a call back that a stop prevented', async () => {
    const stopping = new Stopping()
    const { end, database, id } = await setUp({ start: (_, __, { signal }) => Promise.reject(signal.reason as Error) })
    const stage = await setUp({
      start: () => {
        stage.force.abort(stopping)
        return Promise.reject(stopping)
      },
    })
    expect([await stage.end(), await attemptsOf(stage.database, stage.id)]).toEqual([stopping, ['fal preparing']])
    // Without a stop an unknown error proves nothing.
    await end()
    expect(await attemptsOf(database, id)).toEqual(['fal sent'])
  })

  it('does not take a call for unsent because the bot stops at the moment at which it fails', async () => {
    const stage = await setUp({
      start: () => {
        stage.force.abort(new Stopping())
        return Promise.reject(new TypeError('a fault of our own'))
      },
    })
    expect([await stage.end(), await attemptsOf(stage.database, stage.id)]).toEqual([expect.any(TypeError), ['fal sent']])
  })
})
