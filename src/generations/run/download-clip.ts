import { ProviderError } from '../../domain/provider-error.ts'
import { validateMp4 } from '../../media/video/validate-mp4.ts'
import type { Clip } from '../model/delivery-port.ts'
import type { Generation } from '../model/generation.ts'
import { Outcome } from '../model/outcome.ts'
import type { Status } from '../../providers/provider.ts'
import { latestAttempt } from '../store/attempts.ts'
import { transition } from '../store/generations.ts'
import type { RunContext } from './context.ts'
import { recordLateCost, recordLateRefund } from './late-cost.ts'
import { warnOfFlagged } from './settle.ts'

type DownloadContext = Pick<RunContext, 'database' | 'providers' | 'download' | 'clock' | 'log' | 'owner'>

/** Larger than any measured clip of ten seconds, small enough for memory. */
const maxClipBytes = 256 * 1024 * 1024
const downloadTimeoutMs = 300_000

/** The provider names no clip, or serves an empty file. It may do better later. */
export class OutputMissing extends Error {
  override readonly name = 'OutputMissing'
}

/** Downloads the finished clip and checks it. Throws `OutputMissing`, `DownloadError` or `ClipError`. */
export async function downloadClip({ outputUrl: url }: Generation, { download }: DownloadContext, signal: AbortSignal): Promise<Clip> {
  if (url === undefined) throw new OutputMissing('the provider has named no clip yet')
  const bytes = await download(url, { signal, timeoutMs: downloadTimeoutMs, maxBytes: maxClipBytes })
  if (bytes.byteLength === 0) throw new OutputMissing('the provider served an empty file')
  return { bytes, url, durationSeconds: validateMp4(bytes) }
}

/**
 * The generation with the address that the provider now names: a link expires, and the clip of a job that is done may be named a little later. The
 * address stays as it is while the provider names none or does not respond. Throws the outcome where the job has no clip after all.
 */
export async function refreshOutputUrl(generation: Generation, context: DownloadContext, signal: AbortSignal): Promise<Generation> {
  const { database, providers, owner, log } = context
  const provider = providers.get(generation.provider)
  const attempt = await latestAttempt(database.statements, generation.id)
  // Without its key the job cannot be read; the address that is known may still work.
  if (!provider || !attempt?.operation) return generation
  try {
    const status = await provider.status(attempt.operation, { signal })
    if (status.state === 'pending') return generation
    if (status.state !== 'completed') throw await takenBack(generation, status, context)
    const { url, cost, flagged = false } = status
    if (cost !== undefined) await recordLateCost(generation, { attempt, cost }, context)
    const isNewlyFlagged = flagged && !generation.outputFlagged
    if (isNewlyFlagged) warnOfFlagged(generation, context)
    if ((url === undefined || url === generation.outputUrl) && !isNewlyFlagged) return generation
    // Stored before it is used: a link that was posted is recognized by it after a crash.
    const { id } = generation
    const changes = { ...(url !== undefined && { output_url: url }), ...(flagged && { output_flagged: 1 as const }) }
    return await transition(database.statements, { id, owner, state: 'delivering' }, { state: 'delivering', ...changes })
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof ProviderError)) throw error
    log.warn(
      { generation: generation.id, provider: provider.id, kind: error.kind },
      'asking for the address of a clip failed; asking again',
    )
    return generation
  }
}

/** The provider reported the job as completed, so it was captured. The guild pays for clips only. */
async function takenBack(
  generation: Generation,
  status: Extract<Status, { state: 'failed' | 'cancelled' }>,
  context: DownloadContext,
): Promise<Outcome> {
  if (status.billed === false) await recordLateRefund(generation, context)
  const cause = status.state === 'failed' ? status.error : undefined
  return new Outcome('failed', cause?.kind ?? 'unavailable', 'refund', { cause })
}
