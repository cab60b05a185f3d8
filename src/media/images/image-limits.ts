import { Refusal } from '../../domain/refusal.ts'

/** What every provider of the model takes as an image (docs/providers.md). */
export const imageLimits = {
  mediaTypes: ['image/png', 'image/jpeg'],
  maxBytes: 10_000_000,
  /** Either side. */
  minPixels: 300,
  /** Width to height; its inverse is the narrowest. */
  maxAspect: 2.5,
  /** Our own: what may be decoded here. Larger than any camera's image within the bytes allowed. */
  maxTotalPixels: 120_000_000,
} as const

/** What is known of an image, told by Discord or read from its bytes. Unknown is not judged: the bytes are, later. */
export interface ImageFacts {
  sizeBytes: number
  /** As shown, that is, after the camera's orientation was applied. */
  width?: number | null | undefined
  height?: number | null | undefined
  mediaType?: string | null | undefined
}

/** The one policy for images, asked before the acknowledgement and again with the real bytes. Undefined: it may be used. */
export function checkImageLimits({ sizeBytes, width, height, mediaType }: ImageFacts): Refusal | undefined {
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
