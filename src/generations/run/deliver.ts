import { exponential, retry } from '../../lib/retry.ts'
import { DownloadError } from '../../media/download.ts'
import { ClipError } from '../../media/video/validate-mp4.ts'
import { type Clip, DeliveryError, type PostedMessage } from '../model/delivery-port.ts'
import type { Generation } from '../model/generation.ts'
import { outputExpiry, uploadDeadline } from '../model/output-lifetime.ts'
import { Outcome } from '../model/outcome.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { recordDelivered } from '../store/delivered.ts'
import { transition } from '../store/generations.ts'
import type { RunContext, StopSignals } from './context.ts'
import { downloadClip, OutputMissing, refreshOutputUrl } from './download-clip.ts'

type DeliverContext = Pick<
  RunContext,
  'database' | 'delivery' | 'download' | 'providers' | 'outputLifetimes' | 'clock' | 'random' | 'log' | 'owner'
>

/** Milliseconds between two tries, for as long as the provider serves the clip. */
const retryDelay = exponential(2000, 5 * 60_000)
/** The same while only minutes are left. */
const longestLastDelayMs = 60_000
/**
 * Milliseconds in which a process tries at least. After a long downtime the clip may be posted already, or have a new address, and providers may keep it
 * longer than they say.
 */
const leastTimeMs = 10 * 60_000
/** A clip that comes a few seconds late is not worth a line on the card. */
const failuresUntilShown = 3
/** A provider that serves a broken video twice will not serve another. */
const maxBrokenDownloads = 2

/**
 * Posts the finished clip, or, once its provider is about to delete it, its link. Whatever fails is tried again until the provider deletes the clip; the
 * money was captured before, so a guild that gets neither is refunded then. All that this depends on is stored: a clip that an earlier process was
 * delivering continues in the same way.
 */
export async function deliver(rendered: Generation, context: DeliverContext, options: DeliverOptions): Promise<Delivered> {
  const { database, owner, clock } = context
  const generation = await withExpiry(rendered, context)
  // A stop lets an upload finish; a lost lease does not, because the clip may belong to another process by now.
  const { pause, force } = options
  const lost = new AbortController()
  const onPause = () => pause.reason instanceof LeaseLost && lost.abort(pause.reason)
  pause.addEventListener('abort', onPause)
  try {
    const posted = await post(generation, context, { ...options, upload: AbortSignal.any([force, lost.signal]) })
    const delivered = await recordDelivered(database, { id: generation.id, owner, messageId: posted?.messageId, now: clock.now() })
    return { delivered, isPosted: posted !== undefined }
  } finally {
    pause.removeEventListener('abort', onPause)
  }
}

export interface Delivered {
  delivered: Generation
  /** False if the card was deleted, which is a moderator's decision. */
  isPosted: boolean
}

export interface DeliverOptions extends StopSignals {
  /** An earlier process, or an earlier run of this one, may have posted the clip. */
  mayBePosted: boolean
}

interface Posting extends DeliverOptions {
  /** Ends an upload under way. */
  upload: AbortSignal
}

/** A process of an earlier version stored no expiry. */
async function withExpiry(generation: Generation, { database, outputLifetimes, owner, clock }: DeliverContext): Promise<Generation> {
  const { id, outputExpiresAt } = generation
  if (outputExpiresAt !== undefined) return generation
  const set = { state: 'delivering', output_expires_at: outputExpiry(generation, outputLifetimes, clock.now()) } as const
  return transition(database.statements, { id, owner, state: 'delivering' }, set)
}

async function post(
  start: Generation,
  context: DeliverContext,
  { pause, upload, ...posting }: Posting,
): Promise<PostedMessage | undefined> {
  const { delivery, clock, random = Math.random, log, outputLifetimes } = context
  const linkFrom = uploadDeadline(start, outputLifetimes)
  const giveUpAt = Math.max(start.outputExpiresAt ?? 0, clock.now() + leastTimeMs)
  let generation = start
  let { mayBePosted } = posting
  let failedDownloads = 0
  let broken = 0
  let notTaken: Clip | undefined

  // Every try downloads the clip again: hundreds of them would not fit into memory during an outage.
  const download = async (): Promise<Clip> => {
    const isMissing = failedDownloads >= failuresUntilShown
    delivery.show(generation, { now: clock.now(), progress: 1, askingUntil: isMissing ? giveUpAt : undefined })
    if (failedDownloads > 0) generation = await refreshOutputUrl(generation, context, pause)
    failedDownloads += 1
    notTaken = undefined
    const clip = await downloadClip(generation, context, pause)
    failedDownloads = 0
    return clip
  }
  const tryOnce = async (): Promise<PostedMessage | undefined> => {
    // First of all: a clip that is posted must not be overwritten. Also shows, for the price of a small call, whether Discord is back.
    const posted = mayBePosted ? await delivery.findPosted(generation) : undefined
    if (posted) return posted
    // Discord may take a message although it took no upload. Only a clip that could be downloaded is worth a link.
    const clip = notTaken && clock.now() >= linkFrom ? notTaken : await download()
    mayBePosted = true
    notTaken = { url: clip.url, durationSeconds: clip.durationSeconds }
    return delivery.post(generation, clip, { signal: upload })
  }
  const delays = (attempt: number) => {
    const delay = retryDelay(attempt) * (0.5 + random() / 2)
    const untilLink = linkFrom - clock.now()
    if (untilLink > 0) return Math.min(untilLink, delay)
    const left = giveUpAt - clock.now()
    return left > 0 ? Math.min(left, delay, longestLastDelayMs) : undefined
  }
  const shouldRetry = (error: unknown) => {
    if (error instanceof ClipError) broken += 1
    const isFinal = error instanceof LeaseLost || error instanceof Outcome || (error instanceof DeliveryError && error.permanent)
    return broken < maxBrokenDownloads && !isFinal
  }
  const { id, reference } = start
  const onRetry = (error: unknown) => log.warn({ error, generation: id, reference }, 'delivery failed; trying again')
  try {
    return await retry(tryOnce, { delays, shouldRetry, onRetry, signal: pause, clock })
  } catch (error) {
    pause.throwIfAborted()
    throw endOf(error)
  }
}

/** How a delivery ends that failed for good. Other errors are faults of our own: the generation is run again. */
function endOf(error: unknown): unknown {
  const refund = (reason: 'undeliverable' | 'output-unusable' | 'output_gone') => new Outcome('failed', reason, 'refund', { cause: error })
  if (error instanceof DeliveryError) return refund('undeliverable')
  if (error instanceof ClipError) return refund('output-unusable')
  return error instanceof OutputMissing || error instanceof DownloadError ? refund('output_gone') : error
}
