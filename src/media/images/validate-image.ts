import { createHash } from 'node:crypto'

import type { Image, ImageReference } from '../../domain/image.ts'
import { Refusal, type RefusedImage } from '../../domain/refusal.ts'
import { assertImageLimits, imageLimits } from './image-limits.ts'

/**
 * Checks an image by its bytes, whatever its name, and decodes it completely once to prove that it is intact. `width` and `height` are as displayed:
 * after the camera's orientation is applied.
 * @throws {Refusal} that names the image and what is wrong with it
 */
export async function validateImage(bytes: Uint8Array, name: RefusedImage): Promise<Image> {
  const sizeBytes = bytes.byteLength
  const mediaType = mediaTypeOf(bytes)
  if (!mediaType) throw new Refusal('image-unsupported', { image: name })
  assertImageLimits({ sizeBytes, mediaType }, name)

  // Loaded with the first image, because the library takes much memory and many bots never see an image.
  const { openImage } = await import('./open-image.ts')
  try {
    const image = openImage(bytes)
    const { width, height } = (await image.metadata()).autoOrient
    assertImageLimits({ sizeBytes, width, height, mediaType }, name)
    // Every row is decoded but only a few pixels are kept, so this costs little memory.
    await image.resize(16, 16, { fit: 'fill' }).raw().toBuffer()
    return { sha256: createHash('sha256').update(bytes).digest('hex'), mediaType, width, height, sizeBytes, bytes }
  } catch (error) {
    if (error instanceof Refusal) throw error
    const tooManyPixels = error instanceof Error && /pixel limit/i.test(error.message)
    if (tooManyPixels) throw new Refusal('image-too-many-pixels', { image: name, limitPixels: imageLimits.maxTotalPixels })
    throw new Refusal('image-corrupt', { image: name })
  }
}

function mediaTypeOf(bytes: Uint8Array): ImageReference['mediaType'] | undefined {
  const startsWith = (...signature: number[]) => signature.every((byte, index) => bytes[index] === byte)
  if (startsWith(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png'
  if (startsWith(0xff, 0xd8, 0xff)) return 'image/jpeg'
  return undefined
}
