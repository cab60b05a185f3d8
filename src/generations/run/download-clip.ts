import { type Download, DownloadError } from '../../media/download.ts'
import { OutputGone } from '../model/delivery-port.ts'

/** Larger than any measured clip of ten seconds, small enough for memory. */
const maxClipBytes = 256 * 1024 * 1024
const timeoutMs = 300_000
/** Expired signed links answer 403, deleted files 404 or 410. */
const goneStatuses = [403, 404, 410]

/** Downloads a finished clip from the provider's storage. Throws `OutputGone` where a retry cannot help. */
export async function downloadClip(download: Download, url: string, signal: AbortSignal): Promise<Uint8Array> {
  try {
    return await download(url, { signal, timeoutMs, maxBytes: maxClipBytes })
  } catch (error) {
    if (error instanceof DownloadError && goneStatuses.includes(error.httpStatus ?? 0))
      throw new OutputGone('the provider no longer serves the clip', { cause: error })
    throw error
  }
}
