import type { ClipOrder } from '../../clips/clip-order.ts'
import { chanceOf } from '../simulation/chance.ts'
import type { Behavior } from '../simulation/behavior.ts'
import type { Gate } from './gate.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import type { Job, JobFailure } from './job.ts'
import { checkImage, fetchImage, ImageProblem, type ImageSource } from './image.ts'
import type { Slots } from './slots.ts'

/** How a job ends that delivers nothing. */
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
  /** Renders what a job delivers. */
  clips: { render(order: ClipOrder): Promise<Uint8Array> }
  behavior: Behavior
  images: ImageSource
  /** Decides the spread of the run times: the same seed, the same times. */
  seed: string
}

export interface Performance {
  job: Job
  /** The how manyeth job of the provider this is. */
  number: number
  gates: { start: Gate; completion: Gate }
  slots: Slots
  /** Called when the job leaves the queue. */
  started: () => void
  /** Aborted when the job is over for another reason. */
  ended: AbortSignal
  /** Aborted when the job shall be done at once. */
  hurry: AbortSignal
}

/** How much longer a job takes that was asked to be slow. */
const slowFactor = 4
/** Virtual time from the order to the start when a slot is free. */
const queueMs = 3000
/** A failure shows before a clip would have been finished. */
const failureShare = 0.4

/**
 * The work of one job, from the queue to the clip's bytes.
 * @throws JobFailed, or the reason of `ended`
 */
export async function performJob(performance: Performance, environment: JobEnvironment): Promise<Uint8Array> {
  const { job, gates, ended } = performance
  await gates.start.pass(job.id, ended)
  await waitVirtualTime(performance, environment, queueMs)
  const leave = await performance.slots.enter(ended)
  try {
    performance.started()
    return await deliver(await readImages(performance, environment), performance, environment)
  } finally {
    leave()
  }
}

async function readImages(performance: Performance, environment: JobEnvironment): Promise<ClipOrder> {
  try {
    return await clipOrderOf(performance.job, environment.images, performance.ended)
  } catch (error) {
    // Told at once, not after the time that a clip would have taken.
    if (error instanceof JobFailed) await waitUntilReported(performance, environment, 0)
    throw error
  }
}

async function deliver(order: ClipOrder, performance: Performance, environment: JobEnvironment): Promise<Uint8Array> {
  const { job, ended } = performance
  const failure = (['moderated', 'failed', 'timed-out'] as const).find((kind) => job.faults.has(kind))
  const runMs = runMilliseconds(order.durationSeconds, performance, environment)
  if (failure) {
    await waitUntilReported(performance, environment, runMs * failureShare)
    throw new JobFailed({ kind: failure })
  }
  // The words that ask for a fault are for this machine; they are not part of the film.
  const rendering = environment.clips.render({ ...order, prompt: order.prompt.replaceAll(/\s*\bsandbox:[\w@-]+/g, '') })
  // Looked at below, when the time is over; until then a failure is nobody's surprise.
  rendering.catch(() => undefined)
  await waitUntilReported(performance, environment, runMs)
  return await raceEnd(rendering, ended)
}

/** Waits for the virtual time and at the door; a hurry skips both. */
async function waitUntilReported(performance: Performance, environment: JobEnvironment, milliseconds: number): Promise<void> {
  const { job, gates, ended, hurry } = performance
  await waitVirtualTime(performance, environment, milliseconds)
  if (hurry.aborted) return
  await unlessFinishedNow(gates.completion.pass(job.id, AbortSignal.any([ended, hurry])), performance)
}

/** Waits for the virtual time; a hurry skips it. */
async function waitVirtualTime(performance: Performance, { clock }: JobEnvironment, milliseconds: number): Promise<void> {
  const { ended, hurry } = performance
  if (hurry.aborted) return
  await unlessFinishedNow(clock.sleep(milliseconds, AbortSignal.any([ended, hurry])), performance)
}

async function unlessFinishedNow(waiting: Promise<void>, { ended, hurry }: Performance): Promise<void> {
  try {
    await waiting
  } catch (error) {
    ended.throwIfAborted()
    if (!hurry.aborted) throw error
  }
}

function runMilliseconds(durationSeconds: 5 | 10, { job, number }: Performance, { behavior, seed, providerId }: JobEnvironment): number {
  const chance = chanceOf(`${seed}:${providerId}:${number}`)
  return 1000 * behavior.runSeconds[durationSeconds] * (0.8 + 0.4 * chance) * (job.faults.has('slow') ? slowFactor : 1)
}

async function clipOrderOf({ order }: Job, images: ImageSource, signal: AbortSignal): Promise<ClipOrder> {
  const imageAt = async (address: string | undefined, image: 'start' | 'end') => {
    if (address === undefined) return undefined
    try {
      const bytes = await fetchImage(address, images, signal)
      await checkImage(bytes)
      return bytes
    } catch (error) {
      throw error instanceof ImageProblem ? new JobFailed({ kind: error.kind, image }) : error
    }
  }
  const { negativePrompt, durationSeconds, aspectRatio, guidance } = order
  const prompt = order.variation === undefined ? order.prompt : `${order.prompt} (${order.variation})`
  const firstImage = await imageAt(order.firstImageUrl, 'start')
  const lastImage = await imageAt(order.lastImageUrl, 'end')
  return { prompt, negativePrompt, durationSeconds, aspectRatio, guidance, firstImage, lastImage }
}

async function raceEnd<Result>(work: Promise<Result>, ended: AbortSignal): Promise<Result> {
  ended.throwIfAborted()
  const { promise, reject } = Promise.withResolvers<never>()
  const stop = () => reject(ended.reason as Error)
  ended.addEventListener('abort', stop, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    ended.removeEventListener('abort', stop)
  }
}
