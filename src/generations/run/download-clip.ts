import { type Download, DownloadError } from '../../media/download.ts'
import { OutputGone } from '../model/delivery-port.ts'

/** Larger than any clip of ten seconds that was ever measured, small enough to be held in memory. */
const maxClipBytes = 256 * 1024 * 1024
const timeoutMs = 300_000
/** Signed links that ran out answer 403, deleted files 404 or 410. */
const goneStatuses = [403, 404, 410]

/** Fetches a finished clip from wherever its provider serves it. Throws `OutputGone` where asking again is of no use. */
export async function downloadClip(download: Download, url: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return (await download(url, { signal, timeoutMs, maxBytes: maxClipBytes })).bytes
  } catch (error) {
    if (error instanceof DownloadError && goneStatuses.includes(error.httpStatus ?? 0))
      throw new OutputGone('the provider no longer serves the clip', { cause: error })
    throw error
  }
}
