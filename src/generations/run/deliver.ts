import { retry } from '../../lib/retry.ts'
import { DownloadError } from '../../media/download.ts'
import { validateMp4 } from '../../media/video/validate-mp4.ts'
import { type Clip, DeliveryError, OutputGone, type PostedMessage } from '../model/delivery-port.ts'
import type { EndReason, Generation } from '../model/generation.ts'
import { Outcome } from '../model/outcome.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { transition } from '../store/generations.ts'
import type { RunContext, StopSignals } from './context.ts'

type DeliverContext = Pick<RunContext, 'database' | 'delivery' | 'download' | 'clock' | 'log' | 'owner'>

/** Milliseconds between attempts: about ten minutes in all, which outlasts most outages. */
const retryDelays = [1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 180_000, 180_000]
/** Larger than any measured clip of ten seconds, small enough for memory. */
const maxClipBytes = 256 * 1024 * 1024
const downloadTimeoutMs = 300_000
/** Expired signed links answer 403, deleted files 404 or 410. */
const goneStatuses = [403, 404, 410]

/**
 * Finds a clip that an earlier process posted before it died, and records it as done; the provider may no longer serve the file. Throws
 * `DeliveryError` while Discord does not say: until then the clip is neither posted again nor refunded.
 */
export async function findPosted(generation: Generation, context: DeliverContext): Promise<Generation | undefined> {
  if (generation.state !== 'delivering') return undefined
  const posted = await context.delivery.findPosted(generation)
  return posted && finish(generation, posted, context)
}

/** Downloads the finished clip, validates it and posts it. The money was captured before: a guild that gets no clip is refunded. */
export async function deliver(generation: Generation, context: DeliverContext, { pause, force }: StopSignals): Promise<Generation> {
  const { clock, delivery } = context
  delivery.show(generation, { now: clock.now(), progress: 1 })
  const clip = await downloadValidClip(generation, context, pause)
  // A stop lets an upload finish; a lost lease does not, because the clip may belong to another process by now.
  const lost = new AbortController()
  const onPause = () => pause.reason instanceof LeaseLost && lost.abort(pause.reason)
  pause.addEventListener('abort', onPause, { once: true })
  try {
    const signal = AbortSignal.any([force, lost.signal])
    const posted = await withRetries(() => delivery.post(generation, clip, { signal }), 'undeliverable', { generation, context, pause })
    return await finish(generation, posted, context)
  } finally {
    pause.removeEventListener('abort', onPause)
  }
}

function finish({ id }: Generation, { messageId }: PostedMessage, { database, owner, clock }: DeliverContext): Promise<Generation> {
  const done = { state: 'done', ended_at: clock.now(), message_id: messageId } as const
  return transition(database.statements, { id, owner, state: 'delivering' }, done)
}

async function downloadValidClip(generation: Generation, context: DeliverContext, pause: AbortSignal): Promise<Clip> {
  const url = generation.outputUrl
  if (url === undefined) throw new Outcome('failed', 'output_gone', 'refund')
  const bytes = await withRetries(() => downloadClip(url, context, pause), 'output_gone', { generation, context, pause })
  try {
    return { bytes, url, durationSeconds: validateMp4(bytes) }
  } catch (error) {
    throw new Outcome('failed', 'output-unusable', 'refund', { cause: error })
  }
}

/** Downloads a finished clip from the provider's storage. Throws `OutputGone` where a retry cannot help. */
async function downloadClip(url: string, { download }: DeliverContext, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await download(url, { signal, timeoutMs: downloadTimeoutMs, maxBytes: maxClipBytes })
  } catch (error) {
    if (error instanceof DownloadError && goneStatuses.includes(error.httpStatus ?? 0))
      throw new OutputGone('the provider no longer serves the clip', { cause: error })
    throw error
  }
}

/** Retries with growing delays until it succeeds; once the retries are used up, or cannot help, the generation fails with `reason`. */
async function withRetries<Result>(
  work: () => Promise<Result>,
  reason: EndReason,
  { generation, context, pause }: { generation: Generation; context: DeliverContext; pause: AbortSignal },
): Promise<Result> {
  const { clock, log } = context
  const { id, reference } = generation
  try {
    return await retry(work, {
      delays: retryDelays,
      signal: pause,
      clock,
      shouldRetry: isTransient,
      onRetry: (error) => log.warn({ error, generation: id, reference }, 'delivery failed; retrying'),
    })
  } catch (error) {
    pause.throwIfAborted()
    if (error instanceof LeaseLost) throw error
    throw new Outcome('failed', error instanceof OutputGone ? 'output_gone' : reason, 'refund', { cause: error })
  }
}

function isTransient(error: unknown): boolean {
  return !(error instanceof LeaseLost || error instanceof OutputGone || (error instanceof DeliveryError && error.permanent))
}
