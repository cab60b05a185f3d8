import type { ClipSize } from './clip-size.ts'

/**
 * A backdrop as raw RGB24 for a clip without a first image; colours and shapes follow from the fingerprint. Painted without sharp, because
 * the bot in the same process disables SVG input in sharp for the whole process.
 */
export function backdropLayer(fingerprint: string, { width, height }: ClipSize): Buffer {
  const chance = [...Buffer.from(fingerprint, 'hex')].map((byte) => byte / 255)
  const at = (index: number) => chance[index % chance.length] ?? 0
  const hue = 360 * at(0)
  const pixels = Buffer.alloc(width * height * 3)
  const [top, bottom] = [colour(hue, 0.65, 0.25), colour(hue + 70, 0.75, 0.6)]
  for (let y = 0; y < height; y += 1) {
    const line = Buffer.from(mix(top, bottom, y / height))
    pixels.fill(line, y * width * 3, (y + 1) * width * 3)
  }
  for (let index = 0; index < 10; index += 1) {
    const centre = { x: width * at(3 * index + 1), y: height * at(3 * index + 2) }
    const radius = Math.min(width, height) * (0.06 + 0.2 * at(3 * index + 3))
    const paint = colour(hue + 40 * index, 0.7, 0.35 + 0.05 * (index % 6))
    paintDisc(pixels, { width, height }, { centre, radius, paint })
  }
  return pixels
}

type Colour = readonly [red: number, green: number, blue: number]

interface Disc {
  centre: { x: number; y: number }
  radius: number
  paint: Colour
}

function paintDisc(pixels: Buffer, { width, height }: ClipSize, { centre, radius, paint }: Disc): void {
  for (let y = Math.max(0, Math.ceil(centre.y - radius)); y < Math.min(height, centre.y + radius); y += 1) {
    const half = Math.sqrt(Math.max(0, radius ** 2 - (y - centre.y) ** 2))
    for (let x = Math.max(0, Math.ceil(centre.x - half)); x < Math.min(width, centre.x + half); x += 1) {
      const offset = (y * width + x) * 3
      const under: Colour = [pixels[offset] ?? 0, pixels[offset + 1] ?? 0, pixels[offset + 2] ?? 0]
      pixels.set(mix(under, paint, 0.75), offset)
    }
  }
}

function mix(from: Colour, to: Colour, share: number): [number, number, number] {
  const [red, green, blue] = from
  return [red + (to[0] - red) * share, green + (to[1] - green) * share, blue + (to[2] - blue) * share]
}

/** Converts a hue in degrees and a saturation and lightness of 0 to 1 to channels of 0 to 255. */
function colour(hue: number, saturation: number, lightness: number): Colour {
  const channel = (shift: number) => {
    const position = (shift + hue / 30) % 12
    const chroma = saturation * Math.min(lightness, 1 - lightness)
    return 255 * (lightness - chroma * Math.max(-1, Math.min(position - 3, 9 - position, 1)))
  }
  return [channel(0), channel(8), channel(4)]
}
