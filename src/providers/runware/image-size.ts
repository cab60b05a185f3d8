import type { AspectRatio } from '../../domain/clip-request.ts'
import type { ImageReference } from '../../domain/image.ts'

interface Size {
  width: number
  height: number
}

/** The sizes that Runware supports for this model. */
const sizes: Readonly<Record<AspectRatio, Size>> = {
  '16:9': { width: 1280, height: 720 },
  '9:16': { width: 720, height: 1280 },
  '1:1': { width: 720, height: 720 },
}

export function sizeForAspect(aspect: AspectRatio): Size {
  return sizes[aspect]
}

/** The size whose shape is nearest to the image's. On the logarithmic scale, twice as wide is as far from square as twice as high. */
export function sizeForImage({ width, height }: Pick<ImageReference, 'width' | 'height'>): Size {
  const distance = (size: Size) => Math.abs(Math.log((size.width * height) / (size.height * width)))
  return Object.values(sizes).reduce((nearest, size) => (distance(size) < distance(nearest) ? size : nearest))
}
