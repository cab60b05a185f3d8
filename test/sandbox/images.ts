import sharp from 'sharp'

export interface ImageOptions {
  width?: number
  height?: number
  /** A different seed gives a different image. */
  seed?: number
  format?: 'png' | 'jpeg'
}

/** Draws a distinguishable image: rectangles and discs at positions that follow from the seed. */
export async function drawImage({ width = 640, height = 360, seed = 1, format = 'png' }: ImageOptions = {}): Promise<Buffer> {
  const chance = chances(seed)
  const between = (low: number, high: number) => Math.round(low + (high - low) * chance())
  const colour = () => `rgb(${between(0, 255)},${between(0, 255)},${between(0, 255)})`
  const shapes = Array.from({ length: 60 }, () =>
    chance() < 0.5
      ? `<circle cx="${between(0, width)}" cy="${between(0, height)}" r="${between(8, height / 5)}" fill="${colour()}"/>`
      : `<rect x="${between(0, width)}" y="${between(0, height)}" width="${between(8, width / 4)}" height="${between(8, height / 4)}" fill="${colour()}" transform="rotate(${between(0, 90)} ${width / 2} ${height / 2})"/>`,
  )
  const drawing = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="100%" height="100%" fill="${colour()}"/>${shapes.join('')}</svg>`
  return await sharp(Buffer.from(drawing)).flatten().toFormat(format).toBuffer()
}

/** Pseudo-random numbers from 0 to 1, the same for the same seed. */
function chances(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 1 | state) + 0x6d2b79f5) >>> 0
    return ((state ^ (state >>> 14)) >>> 0) / 2 ** 32
  }
}
