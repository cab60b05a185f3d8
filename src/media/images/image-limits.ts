import { Refusal, type RefusedImage } from '../../domain/refusal.ts'

/** Images that every provider of the model accepts (docs/providers.md). */
export const imageLimits = {
  mediaTypes: ['image/png', 'image/jpeg'],
  maxBytes: 10_000_000,
  /** Of the shorter side. */
  minPixels: 300,
  /** Longer side to shorter side. */
  maxAspect: 2.5,
  /** Our own limit for decoding; larger than any camera's image within `maxBytes`. */
  maxTotalPixels: 120_000_000,
} as const

/** What Discord declares of an image, or what was read from its bytes. Unknown values are checked later, with the bytes. */
export interface ImageProperties {
  sizeBytes: number
  /** As displayed: after the camera's orientation is applied. */
  width?: number | null | undefined
  height?: number | null | undefined
  mediaType?: string | null | undefined
}

/**
 * Checks an image before the acknowledgement, and again with its bytes.
 * @throws {Refusal}
 */
export function assertImageLimits({ sizeBytes, width, height, mediaType }: ImageProperties, image: RefusedImage): void {
  const { mediaTypes, maxBytes, minPixels, maxAspect, maxTotalPixels } = imageLimits
  const type = mediaType?.split(';')[0]?.trim().toLowerCase()
  if (type && !mediaTypes.some((known) => known === type)) throw new Refusal('image-unsupported', { image })
  if (sizeBytes > maxBytes) throw new Refusal('image-too-large', { image, sizeBytes, limitBytes: maxBytes })
  if (!width || !height) return
  if (width * height > maxTotalPixels) throw new Refusal('image-too-many-pixels', { image, limitPixels: maxTotalPixels })
  if (width < minPixels || height < minPixels) throw new Refusal('image-too-small', { image, width, height, limitPixels: minPixels })
  const ratio = Math.max(width / height, height / width)
  if (ratio > maxAspect) throw new Refusal('image-too-narrow', { image, width, height, limitRatio: maxAspect })
}
