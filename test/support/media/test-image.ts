import sharp from 'sharp'

export interface ImageOptions {
  width?: number
  height?: number
  /** Another seed is another image. */
  seed?: number
  type?: 'png' | 'jpeg'
}

/** An image of discs whose positions and colours follow from the seed. Drawn pixel by pixel, because a bot in the same process forbids sharp to read SVG. */
export async function testImage({ width = 640, height = 360, seed = 1, type = 'png' }: ImageOptions = {}): Promise<Buffer> {
  const chance = chances(seed)
  const pixels = Buffer.alloc(width * height * 3)
  for (let disc = 0; disc < 60; disc += 1) {
    const [centreX, centreY, radius] = [chance() * width, chance() * height, (0.03 + 0.15 * chance()) * Math.min(width, height)]
    const colour = [chance() * 255, chance() * 255, chance() * 255]
    for (let y = Math.max(0, Math.ceil(centreY - radius)); y < Math.min(height, centreY + radius); y += 1) {
      for (let x = Math.max(0, Math.ceil(centreX - radius)); x < Math.min(width, centreX + radius); x += 1) {
        if (Math.hypot(x - centreX, y - centreY) < radius) pixels.set(colour, (y * width + x) * 3)
      }
    }
  }
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toFormat(type)
    .toBuffer()
}

/** A sequence of numbers from 0 to 1, the same for the same seed. */
function chances(seed: number): () => number {
  let state = seed * 7919
  return () => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x6d2b79f5) >>> 0
    return ((state ^ (state >>> 13)) >>> 0) / 2 ** 32
  }
}
