import { createHash } from 'node:crypto'

import sharp from 'sharp'

import type { Image, ImageReference } from '../../domain/image.ts'
import { Refusal, type RefusedImage } from '../../domain/refusal.ts'
import { checkImageLimits, type ImageProperties, imageLimits } from './image-limits.ts'

// libvips reads dozens of formats, some through libraries with a history of vulnerabilities. Only these two are open to members' bytes.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer'] })

/**
 * Checks an image by its bytes, whatever its name, and decodes it completely once to prove that it is intact. `width` and `height` are as displayed:
 * after the camera's orientation is applied.
 * @throws {Refusal} that names the image and what is wrong with it
 */
export async function validateImage(bytes: Uint8Array, name: RefusedImage): Promise<Image> {
  const sizeBytes = bytes.byteLength
  const mediaType = mediaTypeOf(bytes)
  if (!mediaType) throw new Refusal('image-unsupported', { image: name })
  assertWithinLimits({ sizeBytes, mediaType }, name)

  const image = sharp(bytes, { limitInputPixels: imageLimits.maxTotalPixels, failOn: 'error', sequentialRead: true })
  const { width, height } = await image.metadata().then(
    ({ autoOrient }) => autoOrient,
    (error: unknown) => {
      throw unreadable(error, name)
    },
  )
  assertWithinLimits({ sizeBytes, width, height, mediaType }, name)

  // Every row is decoded but only a few pixels are kept, so this costs little memory.
  await image
    .resize(16, 16, { fit: 'fill' })
    .raw()
    .toBuffer()
    .catch((error: unknown) => {
      throw unreadable(error, name)
    })
  return { sha256: createHash('sha256').update(bytes).digest('hex'), mediaType, width, height, sizeBytes, bytes }
}

function assertWithinLimits(properties: ImageProperties, name: RefusedImage): void {
  const refusal = checkImageLimits(properties, name)
  if (refusal) throw refusal
}

function mediaTypeOf(bytes: Uint8Array): ImageReference['mediaType'] | undefined {
  const startsWith = (...signature: number[]) => signature.every((byte, index) => bytes[index] === byte)
  if (startsWith(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png'
  if (startsWith(0xff, 0xd8, 0xff)) return 'image/jpeg'
  return undefined
}

function unreadable(error: unknown, image: RefusedImage): Refusal {
  const tooManyPixels = error instanceof Error && /pixel limit/i.test(error.message)
  if (tooManyPixels) return new Refusal('image-too-many-pixels', { image, limitPixels: imageLimits.maxTotalPixels })
  return new Refusal('image-corrupt', { image })
}
