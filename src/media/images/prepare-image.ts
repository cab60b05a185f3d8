import { createHash } from 'node:crypto'

import type { Image } from '../../domain/image.ts'
import { Refusal, type RefusedImage } from '../../domain/refusal.ts'
import { imageLimits } from './image-limits.ts'
import type { openImage } from './open-image.ts'
import { stripJpeg } from './strip-jpeg.ts'
import { stripPng } from './strip-png.ts'

type Prepared = Pick<Image, 'bytes' | 'mediaType'>

/** The first is as good as the original to the eye; the others are for what would be too large. */
const jpegQualities = [95, 90, 85, 75, 60]

/**
 * What providers get of a validated image: nothing but its pixels and their colours, upright, and white where it was transparent. Only an image that is
 * turned or transparent is encoded anew; of any other the compressed pixels stay as they are.
 * @throws {Refusal} `image-too-large` if it does not fit the limit when it is encoded anew
 */
export async function prepareImage(image: Image, name: RefusedImage): Promise<Image> {
  const { openImage: open } = await import('./open-image.ts')
  const { hasAlpha, orientation = 1 } = await open(image.bytes).metadata()
  const { bytes, mediaType } = (hasAlpha || orientation !== 1 ? undefined : strip(image)) ?? (await encode(image, name, open))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { ...image, bytes, mediaType, sha256, sizeBytes: bytes.byteLength }
}

function strip({ bytes, mediaType }: Image): Prepared | undefined {
  const stripped = mediaType === 'image/png' ? stripPng(bytes) : stripJpeg(bytes)
  return stripped && { bytes: stripped, mediaType }
}

async function encode({ bytes, mediaType }: Image, name: RefusedImage, open: typeof openImage): Promise<Prepared> {
  const { maxBytes } = imageLimits
  const pixels = () => open(bytes).autoOrient().flatten({ background: '#fff' })
  let sizeBytes = 0
  if (mediaType === 'image/png') {
    const png = await pixels().png({ compressionLevel: 7 }).toBuffer()
    if (png.length <= maxBytes) return { bytes: png, mediaType }
  }
  for (const quality of jpegQualities) {
    const jpeg = await pixels().jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer()
    if (jpeg.length <= maxBytes) return { bytes: jpeg, mediaType: 'image/jpeg' }
    sizeBytes = jpeg.length
  }
  throw new Refusal('image-too-large', { image: name, sizeBytes, limitBytes: maxBytes })
}
