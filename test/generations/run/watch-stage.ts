import { expect, onTestFinished } from 'vitest'

import { openAttempt } from '../../../src/generations/store/attempts.ts'
import { recordOperation } from '../../../src/generations/store/provider-facts.ts'
import { type Cancellation, requestCancel, transition } from '../../../src/generations/store/generations.ts'
import { createEstimates } from '../../../src/generations/store/run-time-estimates.ts'
import type { LiveState } from '../../../src/generations/model/delivery-port.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { createNotifier } from '../../../src/generations/notify/notifier.ts'
import type { RunContext } from '../../../src/generations/run/context.ts'
import { watch } from '../../../src/generations/run/watch.ts'
import type { CallOptions, Provider, Status } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import { createTimers, type Timers } from '../../../src/lib/timers.ts'
import { createKeyedLimit, type KeyedLimit } from '../../../src/lib/concurrency/keyed-limit.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { createManualClock, type ManualClock } from '../../support/clocks/manual-clock.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { quickProvider } from '../worker/worker-stage.ts'

/** When the provider accepted the job. */
export const acceptedAt = Date.UTC(2026, 10, 20, 12)
export const renderDeadlineMs = 30 * 60_000
/** Clips of 5 seconds take 100 seconds here. */
export const expectedMs = 100_000
export const completed = { state: 'completed', url: 'https://provider.example/clip.mp4' } as const
export const pending = { state: 'pending' } as const
const owner = 'this-process'

interface Scene {
  /** Seconds since the provider accepted the job, at which the watch begins. */
  after?: number
  /** What the provider answers; the seconds count from the acceptance. */
  status?: (seconds: number, options: CallOptions) => Status | Promise<Status>
  /** The provider's stream of states, where it has one. */
  stream?: (options: CallOptions) => AsyncIterable<Status>
  cancel?: Provider['cancel']
  context?: Partial<RunContext>
  candidates?: Provider['id'][]
  /** Shared with other jobs. */
  clock?: ManualClock
  timers?: Timers
  reads?: KeyedLimit
  /** Done before the watch begins. */
  before?: (generation: Generation, attemptId: string) => Promise<unknown>
}

/** Watches a job that the provider has accepted, on a clock that the test advances. Returns once the watch waits for something. */
export async function watchJob(database: Database, scene: Scene = {}) {
  const { after = 0, status = () => pending, stream, candidates = ['fal'] } = scene
  const pause = new AbortController()
  const { clock = createManualClock(acceptedAt + after * 1000) } = scene
  const seconds = () => (clock.now() - acceptedAt) / 1000
  const polls: number[] = []
  const streams: number[] = []
  const provider = quickProvider('fal', {
    status: async (_, options) => {
      polls.push(seconds())
      return status(seconds(), options)
    },
    ...(stream && {
      watch: (_, options) => {
        streams.push(seconds())
        return stream(options)
      },
    }),
    ...(scene.cancel && { cancel: scene.cancel }),
  })

  const accepted = await acceptGeneration(database, { now: acceptedAt, candidates })
  const { id } = accepted
  await database.statements.updateTable('generations').set({ state: 'submitting', owner }).where('id', '=', id).execute()
  const attempt = await openAttempt(database, { generationId: id, provider: 'fal', owner, now: acceptedAt })
  await recordOperation(database.statements, attempt.id, { id: 'job' })
  const rendering = { state: 'rendering', started_at: acceptedAt } as const
  const generation = await transition(database.statements, { id, owner, state: 'submitting' }, rendering)
  await scene.before?.(generation, attempt.id)

  const shown: (LiveState & Pick<Generation, 'cancelledBy'>)[] = []
  const { log, lines } = createCapturedLog()
  const [notifier, estimates] = [createNotifier(), await createEstimates(database, { 5: expectedMs, 10: 2 * expectedMs })]
  let waits = 0
  const { timers: ownTimers = createTimers(clock), reads = createKeyedLimit(16) } = scene
  const timers: Timers = {
    ...ownTimers,
    set: (timed, milliseconds) => {
      waits += 1
      ownTimers.set(timed, milliseconds)
    },
  }
  const context: RunContext = {
    ...{ database, notifier, estimates, clock, timers, owner, log, renderDeadlineMs, reads },
    providers: new Map([['fal', provider]]),
    delivery: {
      show: ({ cancelledBy }, live) => void shown.push({ ...live, cancelledBy }),
      findPosted: () => Promise.reject(new Error('nothing is posted here')),
      post: () => Promise.reject(new Error('nothing is posted here')),
      postOutcome: () => Promise.resolve(),
      drain: () => Promise.resolve(),
    },
    outputLifetimes: new Map(),
    webhookUrlOf: () => undefined,
    download: () => Promise.reject(new Error('nothing is downloaded here')),
    queueDeadlineMs: 60 * 60_000,
    retentionMs: 30 * 24 * 60 * 60_000,
    ...scene.context,
  }
  let isOver = false
  const ended = watch({ generation, attempt: { ...attempt, operation: { id: 'job' } }, operation: { id: 'job' } }, context, pause.signal)
    .catch((error: unknown) => error)
    .finally(() => (isOver = true))
  onTestFinished(async () => {
    pause.abort(new Error('the test is over'))
    await ended
  })
  // The card waits from the beginning, and then the first poll does, too.
  const isWaiting = () => waits >= 2
  await expect.poll(() => isOver || polls.length + streams.length > 0 || isWaiting() || scene.reads !== undefined).toBe(true)
  return {
    ...{ id, clock, notifier, estimates, pause, shown, polls, streams, lines, ended },
    isOver: () => isOver,
    isWaiting,
    /** Second by second, so that everything happens at its own time. */
    pass: async (count: number): Promise<void> => {
      for (let passed = 0; passed < count; passed += 1) await clock.advance(1000)
    },
    /** As a member's cancel reaches the process that watches the job. */
    cancel: async (by: Cancellation['by'] = 'requester'): Promise<void> => {
      await requestCancel(database.statements, id, { by, now: clock.now() })
      notifier.notify(id)
    },
    /** Resolves once the card shows the cancel request as the store has it. */
    cancelShown: () => expect.poll(() => shown.at(-1)?.cancelledBy).toBeDefined(),
  }
}
