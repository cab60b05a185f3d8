import { createHash } from 'node:crypto'

import sharp from 'sharp'
import { describe, expect, it } from 'vitest'

import { Refusal } from '../../../src/domain/refusal.ts'
import { assertImageLimits } from '../../../src/media/images/image-limits.ts'
import { validateImage } from '../../../src/media/images/validate-image.ts'

/** Noise, so that a truncated file loses image data rather than padding. */
function noise(width: number, height: number) {
  let state = 1
  const pixels = Buffer.alloc(width * height * 3)
  for (let index = 0; index < pixels.length; index++) {
    state = (state * 1_103_515_245 + 12_345) & 0x7fffffff
    pixels[index] = state >> 16
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
}
const jpeg = (width: number, height: number) => noise(width, height).jpeg().toBuffer()
const png = (width: number, height: number) => noise(width, height).png().toBuffer()

async function refusalOf(bytes: Uint8Array): Promise<Refusal> {
  const error = await validateImage(bytes, 'only').then(
    () => expect.unreachable('the image was accepted'),
    (reason: unknown) => reason,
  )
  if (error instanceof Refusal) return error
  throw error
}

describe('validateImage', () => {
  it.each([
    ['image/png', png],
    ['image/jpeg', jpeg],
  ])('knows a %s by its bytes', async (mediaType, make) => {
    const bytes = await make(640, 360)
    const sha256 = createHash('sha256').update(bytes).digest('hex')
    expect(await validateImage(bytes, 'only')).toStrictEqual({ sha256, mediaType, width: 640, height: 360, sizeBytes: bytes.length, bytes })
  })

  it.each([
    [1, 640, 360],
    [3, 640, 360],
    [6, 360, 640],
    [8, 360, 640],
  ])('takes the orientation %i of a camera into account', async (orientation, width, height) => {
    const bytes = await noise(640, 360).withMetadata({ orientation }).jpeg().toBuffer()
    expect(await validateImage(bytes, 'only')).toMatchObject({ width, height })
  })

  it('accepts progressive, grey, transparent and CMYK images', async () => {
    const kinds = [
      noise(400, 400).jpeg({ progressive: true }),
      noise(400, 400).greyscale().png(),
      noise(400, 400).ensureAlpha(0.5).png({ progressive: true }),
      noise(400, 400).png({ palette: true }),
      noise(400, 400).toColourspace('cmyk').jpeg(),
    ]
    for (const kind of kinds) expect(await validateImage(await kind.toBuffer(), 'only')).toMatchObject({ width: 400, height: 400 })
  })

  it.each([
    [300, 300, undefined],
    [299, 300, 'image-too-small'],
    [300, 299, 'image-too-small'],
    [750, 300, undefined],
    [751, 300, 'image-too-narrow'],
    [300, 750, undefined],
    [300, 751, 'image-too-narrow'],
  ] as const)('%i × %i: %s', async (width, height, identifier) => {
    const bytes = await jpeg(width, height)
    if (identifier === undefined) expect(await validateImage(bytes, 'only')).toMatchObject({ width, height })
    else expect(await refusalOf(bytes)).toMatchObject({ identifier, details: [{ width, height }] })
  })

  it('accepts 10 MB and not a byte more', async () => {
    const bytes = await jpeg(640, 360)
    const padded = (size: number) => Buffer.concat([bytes, Buffer.alloc(size - bytes.length)])
    expect(await validateImage(padded(10_000_000), 'only')).toMatchObject({ sizeBytes: 10_000_000 })
    expect(await refusalOf(padded(10_000_001))).toMatchObject({
      identifier: 'image-too-large',
      details: [{ image: 'only', sizeBytes: 10_000_001, limitBytes: 10_000_000 }],
    })
  })

  it.each<[string, () => Buffer | Promise<Buffer>]>([
    ['nothing', () => Buffer.alloc(0)],
    ['HTML', () => Buffer.from('<html><body>an image.png</body></html>')],
    ['SVG', () => Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360"/>')],
    ['WebP', () => noise(400, 400).webp().toBuffer()],
    ['GIF', () => noise(400, 400).gif().toBuffer()],
    ['TIFF', () => noise(400, 400).tiff().toBuffer()],
    ['AVIF', () => noise(400, 400).avif({ effort: 0 }).toBuffer()],
    ['a video', () => Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42', 'latin1')],
  ])('does not take %s', async (_, make) => {
    expect(await refusalOf(await make())).toMatchObject({ identifier: 'image-unsupported' })
  })

  it('leaves libvips no other loader, in the whole process', async () => {
    for (const bytes of [
      await noise(40, 40).webp().toBuffer(),
      Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
    ]) {
      await expect(sharp(bytes).metadata()).rejects.toThrow()
    }
    await expect(sharp('/etc/hostname').metadata()).rejects.toThrow()
    expect(await sharp(await png(40, 40)).metadata()).toMatchObject({ format: 'png' })
  })

  it.each([
    ['PNG', png],
    ['JPEG', jpeg],
  ])('does not take a %s that is cut short, wherever', async (_, make) => {
    const bytes = await make(640, 360)
    for (const part of [0.001, 0.01, 0.3, 0.6, 0.9, 0.99]) {
      const cut = bytes.subarray(0, Math.max(12, Math.floor(bytes.length * part)))
      expect([part, (await refusalOf(cut)).identifier]).toEqual([part, 'image-corrupt'])
    }
  })

  it('rejects a damaged PNG', async () => {
    const bytes = await png(640, 360)
    bytes.fill(0xff, bytes.length >> 1, (bytes.length >> 1) + 200)
    expect(await refusalOf(bytes)).toMatchObject({ identifier: 'image-corrupt' })
  })

  it('does not decode an image of billions of pixels', async () => {
    const bytes = await png(640, 360)
    // The header's width and height. The wrong checksum makes no difference.
    for (const [width, height] of [
      [30_000, 30_000],
      [2_000_000_000, 2_000_000_000],
    ] as const) {
      bytes.writeUInt32BE(width, 16)
      bytes.writeUInt32BE(height, 20)
      expect((await refusalOf(bytes)).identifier).toMatch(/^image-(corrupt|too-many-pixels)$/)
    }
    const wide = await sharp({ create: { width: 12_000, height: 12_000, channels: 3, background: '#123' } })
      .png()
      .toBuffer()
    expect(await refusalOf(wide)).toMatchObject({ identifier: 'image-too-many-pixels' })
  })
})

describe('assertImageLimits', () => {
  const facts = { sizeBytes: 5_000_000, width: 640, height: 360, mediaType: 'image/png' }
  it.each([
    [facts, undefined],
    [{ ...facts, mediaType: 'image/jpeg; charset=binary' }, undefined],
    [{ sizeBytes: 1 }, undefined],
    [{ ...facts, width: null, height: null, mediaType: null }, undefined],
    [{ ...facts, mediaType: 'image/webp' }, 'image-unsupported'],
    [{ ...facts, sizeBytes: 10_000_001 }, 'image-too-large'],
    [{ ...facts, width: 20_000, height: 20_000 }, 'image-too-many-pixels'],
    [{ ...facts, width: 299 }, 'image-too-small'],
    [{ ...facts, width: 901, height: 360 }, 'image-too-narrow'],
  ])('%j: %s', (declared, identifier) => {
    const call = () => assertImageLimits(declared, 'last')
    if (identifier === undefined) call()
    else expect(call).toThrow(expect.objectContaining({ identifier }))
  })
})
