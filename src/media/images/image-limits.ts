import { Refusal } from '../../domain/refusal.ts'

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

/** Checks an image before the acknowledgement, and again with its bytes. Undefined if it may be used. */
export function checkImageLimits({ sizeBytes, width, height, mediaType }: ImageProperties): Refusal | undefined {
  const { mediaTypes, maxBytes, minPixels, maxAspect, maxTotalPixels } = imageLimits
  const type = mediaType?.split(';')[0]?.trim().toLowerCase()
  if (type && !mediaTypes.some((known) => known === type)) return new Refusal('image-unsupported', { mediaType: type.slice(0, 60) })
  if (sizeBytes > maxBytes) return new Refusal('image-too-large', { sizeBytes, maxBytes })
  if (!width || !height) return undefined
  if (width * height > maxTotalPixels) return new Refusal('image-too-large', { width, height, maxTotalPixels })
  if (width < minPixels || height < minPixels) return new Refusal('image-too-small', { width, height, minPixels })
  if (Math.max(width / height, height / width) > maxAspect) return new Refusal('image-aspect', { width, height, maxAspect })
  return undefined
}
