import type { ClipOrder } from '../../clips/clip-order.ts'
import { abortableWait } from '../simulation/abortable-wait.ts'
import type { Behavior } from '../simulation/behavior.ts'
import { chanceOf } from '../simulation/chance.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import type { Gate } from './gate.ts'
import { type ImageSource, readImage } from './image.ts'
import type { Job, JobFailure } from './job.ts'
import type { Slots } from './slots.ts'

/** Ends a job that delivers nothing. */
export class JobFailed extends Error {
  override readonly name = 'JobFailed'
  readonly failure: JobFailure

  constructor(failure: JobFailure) {
    super(failure.kind)
    this.failure = failure
  }
}

export interface JobEnvironment {
  providerId: string
  clock: ProviderClock
  clips: { render(order: ClipOrder): Promise<Uint8Array> }
  behavior: Behavior
  images: ImageSource
  /** The same seed gives the same run times. */
  seed: string
}

export interface Performance extends JobEnvironment {
  job: Job
  /** Counts the provider's jobs from 1. */
  number: number
  gates: { start: Gate; completion: Gate }
  slots: Slots
  /** Called when the job leaves the queue. */
  started: () => void
  /** Aborted when the job has ended for another reason. */
  ended: AbortSignal
  /** Aborted when the job must finish at once. */
  hurry: AbortSignal
}

const slowFactor = 4
/** Virtual time in the queue while a slot is free. */
const queueMs = 3000
/** The share of the run time after which a failure is reported. */
const failureShare = 0.4

/**
 * Performs one job, from the queue to the clip's bytes.
 * @throws JobFailed, or the reason of `ended`
 */
export async function performJob(performance: Performance): Promise<Uint8Array> {
  const { job, gates, ended, slots, clock } = performance
  await gates.start.pass(job.id, ended)
  await unlessHurried(performance, (signal) => clock.sleep(queueMs, signal))
  const leave = await slots.enter(ended)
  try {
    performance.started()
    return await deliver(await readImages(performance), performance)
  } finally {
    leave()
  }
}

async function readImages(performance: Performance): Promise<ClipOrder> {
  try {
    return await clipOrderOf(performance)
  } catch (error) {
    // An unusable image is reported without waiting for the run time.
    if (error instanceof JobFailed) await waitForCompletion(performance, 0)
    throw error
  }
}

async function deliver(order: ClipOrder, performance: Performance): Promise<Uint8Array> {
  const { job, ended, clips } = performance
  const failure = (['moderated', 'failed', 'timed-out'] as const).find((kind) => job.faults.has(kind))
  const runMs = runMilliseconds(order.durationSeconds, performance)
  if (failure) {
    await waitForCompletion(performance, runMs * failureShare)
    throw new JobFailed({ kind: failure })
  }
  // Requests for faults are not part of the caption.
  const rendering = clips.render({ ...order, prompt: order.prompt.replaceAll(/\s*\bsandbox:[\w@-]+/g, '') })
  // Awaited below; a failure before then must not count as unhandled.
  rendering.catch(() => undefined)
  await waitForCompletion(performance, runMs)
  await abortableWait(ended, (done) => {
    void rendering.catch(() => undefined).finally(done)
    return () => undefined
  })
  return await rendering
}

/** Waits for the virtual time and at the completion gate. */
async function waitForCompletion(performance: Performance, milliseconds: number): Promise<void> {
  const { job, gates, clock } = performance
  await unlessHurried(performance, (signal) => clock.sleep(milliseconds, signal))
  await unlessHurried(performance, (signal) => gates.completion.pass(job.id, signal))
}

/** Waits until the wait or the job ends, or until the job must finish at once. */
async function unlessHurried({ ended, hurry }: Performance, wait: (signal: AbortSignal) => Promise<void>): Promise<void> {
  if (hurry.aborted) return
  try {
    await wait(AbortSignal.any([ended, hurry]))
  } catch (error) {
    ended.throwIfAborted()
    if (error !== hurry.reason) throw error
  }
}

function runMilliseconds(durationSeconds: 5 | 10, { job, number, behavior, seed, providerId }: Performance): number {
  const chance = chanceOf(`${seed}:${providerId}:${number}`)
  return 1000 * behavior.runSeconds[durationSeconds] * (0.8 + 0.4 * chance) * (job.faults.has('slow') ? slowFactor : 1)
}

async function clipOrderOf({ job, images, ended }: Performance): Promise<ClipOrder> {
  const imageAt = async (address: string | undefined, image: 'start' | 'end') => {
    if (address === undefined) return undefined
    const bytes = await readImage(address, images, ended)
    if (typeof bytes === 'string') throw new JobFailed({ kind: bytes, image })
    return bytes
  }
  const { negativePrompt, durationSeconds, aspectRatio, guidance, variation, format, firstImageUrl, lastImageUrl } = job.order
  const prompt = variation === undefined ? job.order.prompt : `${job.order.prompt} (${variation})`
  const firstImage = await imageAt(firstImageUrl, 'start')
  const lastImage = await imageAt(lastImageUrl, 'end')
  return { prompt, negativePrompt, durationSeconds, aspectRatio, guidance, firstImage, lastImage, format }
}
