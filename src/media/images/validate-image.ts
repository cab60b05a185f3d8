import { createHash } from 'node:crypto'

import sharp from 'sharp'

import type { Image, ImageReference } from '../../domain/image.ts'
import { Refusal } from '../../domain/refusal.ts'
import { checkImageLimits, imageLimits } from './image-limits.ts'

// libvips reads dozens of formats, some through libraries with a history. Members' bytes meet two of its readers, for the whole process.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer'] })

/**
 * Checks a member's image by its bytes, whatever it is called, and decodes it once to its end to prove that it is whole.
 * `width` and `height` are as it is shown: a camera's orientation is taken into account.
 * @throws {Refusal} `image-unsupported`, `-too-large`, `-too-small`, `-aspect` or `-corrupt`, with the numbers for the sentence
 */
export async function validateImage(bytes: Uint8Array): Promise<Image> {
  const sizeBytes = bytes.byteLength
  const mediaType = mediaTypeOf(bytes)
  if (!mediaType) throw new Refusal('image-unsupported')
  refuseIfJudged({ sizeBytes, mediaType })

  const image = sharp(bytes, { limitInputPixels: imageLimits.maxTotalPixels, failOn: 'error', sequentialRead: true })
  const { width, height } = await image.metadata().then(
    ({ autoOrient }) => autoOrient,
    (error: unknown) => {
      throw unreadable(error)
    },
  )
  refuseIfJudged({ sizeBytes, width, height, mediaType })

  // Every row passes through, but only a few pixels are kept: the proof costs little memory.
  await image
    .resize(16, 16, { fit: 'fill' })
    .raw()
    .toBuffer()
    .catch((error: unknown) => {
      throw unreadable(error)
    })
  return { sha256: createHash('sha256').update(bytes).digest('hex'), mediaType, width, height, sizeBytes, bytes }
}

function refuseIfJudged(facts: Parameters<typeof checkImageLimits>[0]): void {
  const refusal = checkImageLimits(facts)
  if (refusal) throw refusal
}

function mediaTypeOf(bytes: Uint8Array): ImageReference['mediaType'] | undefined {
  const startsWith = (...signature: number[]) => signature.every((byte, index) => bytes[index] === byte)
  if (startsWith(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png'
  if (startsWith(0xff, 0xd8, 0xff)) return 'image/jpeg'
  return undefined
}

function unreadable(error: unknown): Refusal {
  const tooManyPixels = error instanceof Error && /pixel limit/i.test(error.message)
  return tooManyPixels ? new Refusal('image-too-large', { maxTotalPixels: imageLimits.maxTotalPixels }) : new Refusal('image-corrupt')
}
