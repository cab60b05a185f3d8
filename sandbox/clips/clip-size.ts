import type { ClipAspectRatio } from './clip-order.ts'

export interface ClipSize {
  width: number
  height: number
}

/** The model's aspect ratios, widest first, so that an image exactly between two of them gets the wider one. */
const shapes = { '16:9': 16 / 9, '1:1': 1, '9:16': 9 / 16 } satisfies Record<ClipAspectRatio, number>

const fullShortSide = 720

/**
 * The size of a clip in pixels, both sides even as 4:2:0 demands.
 * @param shortSide the providers deliver 720; tests use smaller clips
 */
export function clipSizeOf(aspectRatio: ClipAspectRatio, shortSide = fullShortSide): ClipSize {
  const ratio = shapes[aspectRatio]
  return { width: even(shortSide * Math.max(1, ratio)), height: even(shortSide * Math.max(1, 1 / ratio)) }
}

/** The aspect ratio nearest to the image's, measured as a factor: 2:1 is as far from 1:1 as 1:2 is. */
export function nearestAspectRatio(image: ClipSize): ClipAspectRatio {
  const distanceTo = (ratio: number) => Math.round(1e6 * Math.abs(Math.log(image.width / image.height / ratio)))
  const [first, ...others] = Object.entries(shapes) as [[ClipAspectRatio, number], ...[ClipAspectRatio, number][]]
  return others.reduce((nearest, shape) => (distanceTo(shape[1]) < distanceTo(nearest[1]) ? shape : nearest), first)[0]
}

function even(length: number): number {
  return 2 * Math.round(length / 2)
}
