import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { ClipSize } from './clip-size.ts'

const captionFont = fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'))
const captionCharacters = 110

/** How the picture stands, before it is scaled: EXIF orientation applied. */
export async function uprightSizeOf(picture: Uint8Array): Promise<ClipSize> {
  const { autoOrient } = await sharp(picture).metadata()
  return { width: autoOrient.width, height: autoOrient.height }
}

/** The picture as raw RGB24 that covers `size`: cut where its shape differs, never stretched. */
export async function pictureLayer(picture: Uint8Array, size: ClipSize): Promise<Buffer> {
  return await sharp(picture)
    .autoOrient()
    .resize(size.width, size.height, { fit: 'cover' })
    .flatten()
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer()
}

/** A backdrop as raw RGB24 for a clip from words alone; colours and shapes follow from the fingerprint. */
export async function backdropLayer(fingerprint: string, size: ClipSize): Promise<Buffer> {
  const chance = [...Buffer.from(fingerprint, 'hex')].map((byte) => byte / 255)
  const at = (index: number) => chance[index % chance.length] ?? 0
  const hue = Math.round(360 * at(0))
  const discs = Array.from({ length: 10 }, (_, index) => {
    const x = Math.round(size.width * at(3 * index + 1))
    const y = Math.round(size.height * at(3 * index + 2))
    const radius = Math.round(Math.min(size.width, size.height) * (0.06 + 0.2 * at(3 * index + 3)))
    const shade = (hue + 40 * index) % 360
    return `<circle cx="${x}" cy="${y}" r="${radius}" fill="hsl(${shade},70%,${35 + 5 * (index % 6)}%)" fill-opacity="0.75"/>`
  })
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">
    <defs><linearGradient id="sky" x1="0" y1="0" x2="${at(31).toFixed(2)}" y2="1">
      <stop offset="0" stop-color="hsl(${hue},65%,25%)"/><stop offset="1" stop-color="hsl(${(hue + 70) % 360},75%,60%)"/>
    </linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#sky)"/>${discs.join('')}</svg>`
  return await sharp(Buffer.from(drawing)).flatten().toColourspace('srgb').removeAlpha().raw().toBuffer()
}

/**
 * The prompt's beginning on a dark bar near the lower edge, as raw RGBA of the whole size. The end of the fingerprint stands
 * behind it, so that two orders whose visible words agree still give two different clips.
 */
export async function captionLayer(prompt: string, fingerprint: string, size: ClipSize): Promise<Buffer> {
  const margin = Math.max(2, Math.round(size.height * 0.03))
  const letterHeight = Math.max(6, Math.round(Math.min(size.width, size.height) * 0.045))
  const widest = size.width - 4 * margin
  const words = await sharp({
    text: {
      text: `<span foreground="white">${escapeMarkup(shorten(prompt))} · ${fingerprint.slice(-6)}</span>`,
      fontfile: captionFont,
      font: `DejaVu Sans Bold ${letterHeight}px`,
      width: widest,
      rgba: true,
      align: 'centre',
      wrap: 'word-char',
    },
  })
    .png()
    .toBuffer()
  const fitted = await sharp(words)
    .resize({ width: widest, height: Math.round(size.height * 0.3), fit: 'inside', withoutEnlargement: true })
    .png()
    .toBuffer({ resolveWithObject: true })
  const bar = await sharp({
    create: {
      width: fitted.info.width + 2 * margin,
      height: fitted.info.height + margin,
      channels: 4,
      background: { r: 0, g: 0, b: 0, alpha: 0.55 },
    },
  })
    .composite([{ input: fitted.data, gravity: 'centre' }])
    .png()
    .toBuffer({ resolveWithObject: true })
  return await sharp({ create: { ...size, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
    .composite([{ input: bar.data, left: Math.floor((size.width - bar.info.width) / 2), top: size.height - bar.info.height - margin }])
    .raw()
    .toBuffer()
}

function shorten(prompt: string): string {
  // Control characters are no legal markup, and a lone half of a surrogate pair is no legal text.
  const plain = prompt
    .toWellFormed()
    .replaceAll(/[\p{Cc}\s]+/gu, ' ')
    .trim()
  const characters = Array.from(plain)
  return characters.length > captionCharacters ? `${characters.slice(0, captionCharacters).join('')}…` : plain
}

function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
