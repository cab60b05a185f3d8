import { inspectClip } from '../../media/video/validate-mp4.ts'
import { Outcome } from '../model/outcome.ts'
import type { EndReason, Generation } from '../model/generation.ts'
import type { RunContext, StopSignals } from './context.ts'
import { type Clip, DeliveryError, OutputGone, type PostedMessage } from '../model/delivery-port.ts'
import { toGeneration } from '../store/rows.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { transition } from '../store/generations.ts'

type DeliverContext = Pick<RunContext, 'database' | 'delivery' | 'downloadClip' | 'clock' | 'log' | 'owner'>

/** Waits between tries, in milliseconds: about ten minutes in all, which outlasts most bad weather. */
const patience = [1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 180_000, 180_000]

/**
 * The clip of an earlier process: it may have posted it and died before it could write that down, and the provider may no longer serve it. Throws
 * `DeliveryError` while Discord does not say: as long as nobody knows, the clip is neither posted again nor refunded.
 */
export async function findPosted(generation: Generation, context: DeliverContext): Promise<Generation | undefined> {
  if (generation.state !== 'delivering') return undefined
  const posted = await context.delivery.findPosted(generation)
  return posted && finish(generation, posted, context)
}

/** Fetches the finished clip, proves that it is one, and posts it. The money was captured before; whoever gets no clip for it is refunded. */
export async function deliver(generation: Generation, context: DeliverContext, { pause, force }: StopSignals): Promise<Generation> {
  const { clock, delivery } = context
  delivery.show(generation, { now: clock.now(), progress: 1 })
  const clip = await fetchClip(generation, context, pause)
  // A stop lets an upload come to its end; where the claim may belong to somebody else by now, the clip is not ours to post.
  const lost = new AbortController()
  const judge = () => isLeaseLost(pause) && lost.abort(pause.reason)
  pause.addEventListener('abort', judge, { once: true })
  try {
    const signal = AbortSignal.any([force, lost.signal])
    const posted = await persist(context, pause, generation, 'undeliverable', () => delivery.post(generation, clip, { signal }))
    return await finish(generation, posted, context)
  } finally {
    pause.removeEventListener('abort', judge)
  }
}

function isLeaseLost({ reason }: AbortSignal): boolean {
  return reason instanceof LeaseLost
}

async function finish(generation: Generation, posted: PostedMessage, { database, owner, clock }: DeliverContext): Promise<Generation> {
  const row = await transition(database.statements, {
    id: generation.id,
    owner,
    from: 'delivering',
    to: 'done',
    set: { ended_at: clock.now(), message_id: posted.messageId },
  })
  return toGeneration(row)
}

async function fetchClip(generation: Generation, context: DeliverContext, pause: AbortSignal): Promise<Clip> {
  const url = generation.outputUrl
  if (url === undefined) throw new Outcome('failed', 'output_gone', 'refund')
  const bytes = await persist(context, pause, generation, 'output_gone', () => context.downloadClip(url, { signal: pause }))
  try {
    const { durationSeconds } = inspectClip(bytes)
    return { bytes, url, durationSeconds }
  } catch (error) {
    throw new Outcome('failed', 'output-unusable', 'refund', { cause: error })
  }
}

/** Repeats what failed, with growing pauses, until it succeeds, is hopeless, or patience is over. */
async function persist<Result extends Uint8Array | PostedMessage>(
  { clock, log }: DeliverContext,
  pause: AbortSignal,
  generation: Generation,
  givenUp: EndReason,
  work: () => Promise<Result>,
): Promise<Result> {
  for (const wait of [...patience, undefined]) {
    try {
      return await work()
    } catch (error) {
      pause.throwIfAborted()
      if (error instanceof LeaseLost) throw error
      if (error instanceof OutputGone) throw new Outcome('failed', 'output_gone', 'refund', { cause: error })
      const hopeless = error instanceof DeliveryError && error.permanent
      if (hopeless || wait === undefined) throw new Outcome('failed', givenUp, 'refund', { cause: error })
      log.warn({ error, generation: generation.id, reference: generation.reference }, 'the clip could not be brought over; trying again')
      await clock.sleep(wait, { signal: pause })
    }
  }
  throw new Outcome('failed', givenUp, 'refund')
}
