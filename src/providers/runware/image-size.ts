import type { ImageReference } from '../../domain/image.ts'
import type { AspectRatio } from '../../domain/clip-request.ts'

/** The three sizes that Runware makes of this model. */
const sizes: Readonly<Record<AspectRatio, { width: number; height: number }>> = {
  '16:9': { width: 1280, height: 720 },
  '9:16': { width: 720, height: 1280 },
  '1:1': { width: 720, height: 720 },
}

export function sizeForAspect(aspect: AspectRatio): { width: number; height: number } {
  return sizes[aspect]
}

/** The size whose shape is nearest to the image's; as wide by half counts like as high by half. */
export function sizeForImage({ width, height }: Pick<ImageReference, 'width' | 'height'>): { width: number; height: number } {
  const distance = (size: { width: number; height: number }) => Math.abs(Math.log((size.width * height) / (size.height * width)))
  return Object.values(sizes).reduce((nearest, size) => (distance(size) < distance(nearest) ? size : nearest))
}
