import { Refusal, type RefusedImage } from '../../domain/refusal.ts'
import { type Download, DownloadError } from '../download.ts'
import { imageLimits } from './image-limits.ts'

/** Discord's servers respond in seconds, and the member is waiting. */
const timeoutMs = 60_000

export interface ImageSource {
  url: string
  name: RefusedImage
}

/**
 * Downloads a member's attachment, from Discord only.
 * @throws {Refusal} `image-over-limit` or `image-unreachable`
 */
export async function downloadImage(
  download: Download,
  { url, name }: ImageSource,
  allowedOrigins: readonly string[],
): Promise<Uint8Array> {
  const { maxBytes } = imageLimits
  try {
    return await download(url, { signal: AbortSignal.timeout(timeoutMs), timeoutMs, maxBytes, allowedOrigins })
  } catch (error) {
    const tooLarge = error instanceof DownloadError && error.failure === 'too-large'
    if (tooLarge) throw new Refusal('image-over-limit', { image: name, limitBytes: maxBytes })
    throw new Refusal('image-unreachable', { image: name })
  }
}
