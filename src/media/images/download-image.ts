import { Refusal } from '../../domain/refusal.ts'
import { type Download, DownloadError } from '../download.ts'
import { imageLimits } from './image-limits.ts'

/** Discord's servers respond in seconds, and the member is waiting. */
const timeoutMs = 60_000

/**
 * Downloads a member's attachment, from Discord only.
 * @throws {Refusal} `image-too-large` or `image-unreachable`
 */
export async function downloadImage(download: Download, url: string, allowedOrigins: readonly string[]): Promise<Uint8Array> {
  try {
    const { bytes } = await download(url, {
      signal: AbortSignal.timeout(timeoutMs),
      timeoutMs,
      maxBytes: imageLimits.maxBytes,
      allowedOrigins,
    })
    return bytes
  } catch (error) {
    if (error instanceof DownloadError && error.failure === 'too-large')
      throw new Refusal('image-too-large', { limitBytes: imageLimits.maxBytes })
    throw Object.assign(new Refusal('image-unreachable'), { cause: error })
  }
}
