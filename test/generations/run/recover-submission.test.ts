import { describe, expect, it } from 'vitest'

import { ProviderError } from '../../../src/domain/provider-error.ts'
import { recoverSubmission } from '../../../src/generations/run/recover-submission.ts'
import { openAttempt } from '../../../src/generations/store/attempts.ts'
import { createLog } from '../../../src/lib/log.ts'
import type { Operation } from '../../../src/providers/provider.ts'
import { temporaryDatabase } from '../../support/store/database.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { quickProvider } from '../worker/worker-stage.ts'
import { markSent } from '../../support/store/attempts.ts'

const owner = 'this-worker'
const sentAt = Date.UTC(2026, 10, 20, 12)
const found = { id: 'the-job' }
const down = () => Promise.reject(new ProviderError({ provider: 'runware', kind: 'unavailable' }))

/** Searches for a lost create call with a provider that answers so, and afterwards as before. Every wait is over at once. */
async function search(recover: (search: number) => Promise<Operation | 'unknown'>, { cancelAt = Infinity, outageSpeed = 1 } = {}) {
  const database = await temporaryDatabase()
  const { statements } = database
  const { id } = await acceptGeneration(database, { provider: 'runware' })
  await statements.updateTable('generations').set({ state: 'submitting', owner }).execute()
  const opened = await openAttempt(database, { generationId: id, provider: 'runware', owner, now: sentAt })
  const attempt = await markSent(database, { attempt: opened, owner }, {}, sentAt)
  const waits: number[] = []
  let now = sentAt
  const clock = {
    now: () => now,
    sleep: async (milliseconds: number) => {
      now += milliseconds
      waits.push(milliseconds)
      if (waits.length === cancelAt) await statements.updateTable('generations').set({ cancel_requested_at: now }).execute()
    },
  }
  let searches = 0
  const provider = quickProvider('runware', { recover: () => recover((searches += 1)) })
  const context = { database, clock, log: createLog({ level: 'silent' }), webhookUrlOf: () => undefined, outageSpeed }
  const generation = { ...(await acceptGeneration(database)), id }
  const operation = await recoverSubmission({ generation, provider, attempt }, context, new AbortController().signal)
  return { operation, waits }
}

describe('the search for the job of a lost create call', () => {
  it('ends within half a minute where the provider answers that it has none', async () => {
    expect(await search(() => Promise.resolve('unknown'))).toEqual({ operation: undefined, waits: [1000, 4000, 15_000] })
  })

  it('waits for a provider that does not answer', async () => {
    const { operation, waits } = await search((count) => (count <= 6 ? down() : Promise.resolve(found)))
    expect(operation).toEqual(found)
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000])
  })

  it('goes on as usual once it answers', async () => {
    const { operation, waits } = await search((count) => (count <= 2 ? down() : Promise.resolve('unknown')))
    expect({ operation, waits }).toEqual({ operation: undefined, waits: [1000, 2000, 1000, 4000, 15_000] })
  })

  it('ends ten minutes after the call', async () => {
    const { operation, waits } = await search(down)
    expect(operation).toBeUndefined()
    const waited = waits.reduce((sum, wait) => sum + wait, 0)
    expect(waited).toBeGreaterThanOrEqual(10 * 60_000)
    expect(waited).toBeLessThan(11 * 60_000)
  })

  it('ends sooner at simulated providers, by the factor that was set', async () => {
    const { waits } = await search(down, { outageSpeed: 20 })
    expect(waits).toEqual([1000, 2000, 4000, 8000, 16_000])
  })

  it('does not wait for a clip that nobody wants any more: repeating the call could still create it', async () => {
    const { operation, waits } = await search(down, { cancelAt: 2 })
    expect(operation).toBeUndefined()
    expect(waits).toEqual([1000, 2000])
  })
})
