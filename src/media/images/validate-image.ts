import { createHash } from 'node:crypto'

import sharp from 'sharp'

import type { FrameReference } from '../../domain/clip-request.ts'
import { Refusal } from '../../domain/refusal.ts'
import { judgePicture, pictureLimits } from './image-limits.ts'

// libvips reads dozens of formats, some through libraries with a history. Members' bytes meet two of its readers, for the whole process.
sharp.block({ operation: ['VipsForeignLoad'] })
sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer'] })

/** A picture that was checked, with its bytes. */
export interface StartFrame extends FrameReference {
  bytes: Uint8Array
}

/**
 * Checks a member's picture by its bytes, whatever it is called, and decodes it once to its end to prove that it is whole.
 * `width` and `height` are as it is shown: a camera's orientation is taken into account.
 * @throws {Refusal} `picture-unsupported`, `-too-large`, `-too-small`, `-aspect` or `-corrupt`, with the numbers for the sentence
 */
export async function readStartFrame(bytes: Uint8Array): Promise<StartFrame> {
  const sizeBytes = bytes.byteLength
  const mediaType = mediaTypeOf(bytes)
  if (!mediaType) throw new Refusal('picture-unsupported')
  refuseIfJudged({ sizeBytes, mediaType })

  const picture = sharp(bytes, { limitInputPixels: pictureLimits.maxTotalPixels, failOn: 'error', sequentialRead: true })
  const { width, height } = await picture.metadata().then(
    ({ autoOrient }) => autoOrient,
    (error: unknown) => {
      throw unreadable(error)
    },
  )
  refuseIfJudged({ sizeBytes, width, height, mediaType })

  // Every row passes through, but only a few pixels are kept: the proof costs little memory.
  await picture
    .resize(16, 16, { fit: 'fill' })
    .raw()
    .toBuffer()
    .catch((error: unknown) => {
      throw unreadable(error)
    })
  return { sha256: createHash('sha256').update(bytes).digest('hex'), mediaType, width, height, sizeBytes, bytes }
}

function refuseIfJudged(facts: Parameters<typeof judgePicture>[0]): void {
  const refusal = judgePicture(facts)
  if (refusal) throw refusal
}

function mediaTypeOf(bytes: Uint8Array): FrameReference['mediaType'] | undefined {
  const startsWith = (...signature: number[]) => signature.every((byte, index) => bytes[index] === byte)
  if (startsWith(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png'
  if (startsWith(0xff, 0xd8, 0xff)) return 'image/jpeg'
  return undefined
}

function unreadable(error: unknown): Refusal {
  const tooManyPixels = error instanceof Error && /pixel limit/i.test(error.message)
  return tooManyPixels ? new Refusal('picture-too-large', { maxTotalPixels: pictureLimits.maxTotalPixels }) : new Refusal('picture-corrupt')
}
