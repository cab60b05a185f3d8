import sharp from 'sharp'
import { describe, expect, it } from 'vitest'

import { prepareImage } from '../../../src/media/images/prepare-image.ts'
import { validateImage } from '../../../src/media/images/validate-image.ts'
import { testImage } from '../../support/media/test-image.ts'

const prepare = async (bytes: Uint8Array) => prepareImage(await validateImage(bytes, 'only'), 'only')
const pixelsOf = async (bytes: Uint8Array) => sharp(bytes).raw().toBuffer()

const place = { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 12/1', GPSLongitudeRef: 'E', GPSLongitude: '13/1 24/1 36/1' }
const secrets = { IFD0: { Artist: 'A. Member', Software: 'a-secret-camera' }, IFD3: place }
const xmp = '<?xpacket begin=""?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf>a-secret-place</rdf></x:xmpmeta><?xpacket end="w"?>'

/** As a phone writes it: the place in EXIF and XMP, a comment, a preview, and a video behind the image. */
async function photo(orientation?: number): Promise<Buffer> {
  const jpeg = await sharp(await testImage({ width: 640, height: 360 }))
    .withExif(secrets)
    .withXmp(xmp)
    .withMetadata(orientation === undefined ? {} : { orientation })
    .jpeg({ progressive: true })
    .toBuffer()
  const segment = (kind: number, content: string) => {
    const body = Buffer.from(content, 'latin1')
    return Buffer.concat([Buffer.from([0xff, kind, (body.length + 2) >> 8, (body.length + 2) & 255]), body])
  }
  const more = [
    segment(0xfe, 'a-secret comment'),
    segment(0xed, 'Photoshop 3.0\0a-secret caption'),
    segment(0xe0, 'JFXX\0a-secret preview'),
  ]
  return Buffer.concat([jpeg.subarray(0, 2), ...more, jpeg.subarray(2), Buffer.from('ftyp a-secret video')])
}

async function photoAsPng(orientation?: number): Promise<Buffer> {
  const image = sharp(await testImage())
    .withExif(secrets)
    .withXmp(xmp)
  const png = await image
    .withMetadata(orientation === undefined ? {} : { orientation })
    .png()
    .toBuffer()
  return Buffer.concat([png, Buffer.from('a-secret tail')])
}

function expectNoMetadata(bytes: Uint8Array): void {
  expect(Buffer.from(bytes).toString('latin1')).not.toMatch(/a-secret|A\. Member|Exif|eXIf|xmpmeta|GPS/)
}

describe('prepareImage', () => {
  it.each([
    ['JPEG', photo],
    ['PNG', photoAsPng],
  ])('takes all metadata off a %s and leaves its pixels as they are', async (_, make) => {
    const original = await make()
    expect(original.toString('latin1')).toMatch(/a-secret/)
    expect((await sharp(original).metadata()).exif).toBeDefined()
    const { bytes, sizeBytes, width, height, sha256 } = await prepare(original)
    expectNoMetadata(bytes)
    const { exif, xmp, iptc, comments, orientation } = await sharp(bytes).metadata()
    expect({ exif, xmp, iptc, comments, orientation }).toEqual({})
    expect((await pixelsOf(bytes)).equals(await pixelsOf(original))).toBe(true)
    expect({ sizeBytes, width, height }).toEqual({ sizeBytes: bytes.length, width: 640, height: 360 })
    expect(await validateImage(bytes, 'only')).toMatchObject({ sha256 })
  })

  it.each(['png', 'jpeg'] as const)('keeps every byte of a %s that has nothing to hide', async (type) => {
    const original = await testImage({ type })
    expect(Buffer.from((await prepare(original)).bytes).equals(original)).toBe(true)
  })

  it.each([
    ['JPEG', photo],
    ['PNG', photoAsPng],
  ])('keeps the colour profile of a %s', async (_, make) => {
    const original = await sharp(await make())
      .withIccProfile('p3')
      .toBuffer()
    const { bytes } = await prepare(original)
    const profileOf = async (image: Uint8Array) => (await sharp(image).metadata()).icc
    expect(await profileOf(bytes)).toEqual(await profileOf(original))
    expect(await profileOf(bytes)).toBeDefined()
  })

  it.each([
    ['JPEG', 3, photo, [640, 360]],
    ['JPEG', 6, photo, [360, 640]],
    ['PNG', 8, photoAsPng, [360, 640]],
  ] as const)('turns a %s of orientation %i upright', async (_, orientation, make, [width, height]) => {
    const original = await make(orientation)
    const image = await prepare(original)
    expectNoMetadata(image.bytes)
    expect(image).toMatchObject({ width, height })
    expect(await sharp(image.bytes).metadata()).toMatchObject({ width, height })
    const [upright, sent] = [await sharp(original).autoOrient().raw().toBuffer(), await pixelsOf(image.bytes)]
    const error = sent.reduce((sum, value, index) => sum + Math.abs(value - (upright[index] ?? 0)), 0) / sent.length
    expect(error).toBeLessThan(1.5)
  })

  it.each([
    ['PNG', {}],
    ['PNG with a palette', { palette: true }],
  ])('is white where a %s is transparent, and as it was where it is opaque', async (_, options) => {
    const pixels = Buffer.alloc(400 * 400 * 4)
    for (let at = 0; at < pixels.length; at += 4) pixels.set(at < pixels.length / 2 ? [10, 200, 30, 0] : [200, 10, 30, 255], at)
    const original = await sharp(pixels, { raw: { width: 400, height: 400, channels: 4 } })
      .png(options)
      .toBuffer()
    const { bytes, mediaType } = await prepare(original)
    expect(mediaType).toBe('image/png')
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
    expect(info.channels).toBe(3)
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255])
    expect([...data.subarray(-3)]).toEqual([200, 10, 30])
  })

  it('sends a JPEG where a flattened PNG would be larger than 10 MB', async () => {
    const noise = Buffer.alloc(3000 * 2400 * 3)
    let state = 1
    for (let at = 0; at < noise.length; at += 1) noise[at] = (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) >>> 16
    const opaque = sharp(noise, { raw: { width: 3000, height: 2400, channels: 3 } })
    const original = await opaque.ensureAlpha(0.5).png({ palette: true, colours: 256, effort: 1 }).toBuffer()
    const { mediaType, sizeBytes } = await prepare(original)
    expect(mediaType).toBe('image/jpeg')
    expect(sizeBytes).toBeLessThanOrEqual(10_000_000)
  })

  it('encodes a JPEG anew whose structure it does not understand', async () => {
    const original = await photo()
    // Decoders skip what is between two segments; the first one is a comment.
    const second = 4 + original.readUInt16BE(4)
    const odd = Buffer.concat([original.subarray(0, second), Buffer.from([1, 2]), original.subarray(second)])
    const { bytes } = await prepare(odd)
    expectNoMetadata(bytes)
    expect(await sharp(bytes).metadata()).toMatchObject({ format: 'jpeg', width: 640, height: 360 })
  })
})
