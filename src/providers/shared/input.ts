import type { ClipRequest } from '../../domain/clip-request.ts'
import type { HostedImages } from '../provider.ts'

/**
 * The inputs that the providers name as Kling does. What was not asked for is left undefined, which JSON omits, and takes the provider's default: also
 * the negative prompt, whose default is not empty everywhere.
 */
export function commonInput({ prompt, negativePrompt, aspectRatio }: ClipRequest, { firstFrame }: HostedImages) {
  return { prompt, negative_prompt: negativePrompt, aspect_ratio: firstFrame ? undefined : aspectRatio }
}

/** The whole input where it is named as fal names it, durations being strings. */
export function falInput(request: ClipRequest, images: HostedImages) {
  return {
    ...commonInput(request, images),
    duration: String(request.durationSeconds),
    cfg_scale: request.guidance,
    image_url: images.firstFrame?.url,
    tail_image_url: images.lastFrame?.url,
  }
}
