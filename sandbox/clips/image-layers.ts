import { fileURLToPath } from 'node:url'
import sharp from 'sharp'
import type { ClipSize } from './clip-size.ts'

const captionFont = fileURLToPath(import.meta.resolve('dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf'))
const captionCharacters = 110

/** The size of the image with its EXIF orientation applied. */
export async function uprightSizeOf(image: Uint8Array): Promise<ClipSize> {
  const { autoOrient } = await sharp(image).metadata()
  return { width: autoOrient.width, height: autoOrient.height }
}

/** The image as raw RGB24 that covers `size`, cropped and not stretched. */
export async function imageLayer(image: Uint8Array, size: ClipSize): Promise<Buffer> {
  return await sharp(image)
    .autoOrient()
    .resize(size.width, size.height, { fit: 'cover' })
    .flatten()
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer()
}

/**
 * The start of the prompt on a dark bar near the lower edge, as raw RGBA of the whole size. The end of the fingerprint follows it, so that
 * orders with the same visible text give different clips.
 */
export async function captionLayer(prompt: string, fingerprint: string, size: ClipSize): Promise<Buffer> {
  const margin = Math.max(2, Math.round(size.height * 0.03))
  const letterHeight = Math.max(6, Math.round(Math.min(size.width, size.height) * 0.045))
  const widest = size.width - 4 * margin
  const text = await sharp({
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
  const fitted = await sharp(text)
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
  // Control characters are invalid in markup, and lone surrogates in text.
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
