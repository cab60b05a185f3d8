import type { ClipRequest } from '../../domain/clip-request.ts'
import type { Image, ImageReference } from '../../domain/image.ts'
import type { ClipInput, PartialClipInput } from './clip-service-port.ts'

export interface FrameImages<Item extends ImageReference = Image> {
  first?: Item | undefined
  last?: Item | undefined
}

const unseen: ImageReference = { sha256: '', mediaType: 'image/png', width: 0, height: 0, sizeBytes: 0 }

/** Images that are known but not downloaded yet. */
export function unseenImages({ image, lastImage }: ClipInput | PartialClipInput): FrameImages<ImageReference> {
  return { first: image ? unseen : undefined, last: lastImage ? unseen : undefined }
}

/** What is stored of what a member typed. */
export function toRequest(input: Omit<ClipInput, 'image' | 'lastImage'>, { first, last }: FrameImages<ImageReference>): ClipRequest {
  const negativePrompt = input.negativePrompt?.trim()
  return {
    prompt: input.prompt.trim(),
    ...(negativePrompt && { negativePrompt }),
    durationSeconds: input.durationSeconds,
    // A clip from an image has the image's aspect ratio.
    ...(input.aspectRatio && !first && { aspectRatio: input.aspectRatio }),
    ...(input.guidance !== undefined && { guidance: input.guidance }),
    ...(first && { firstFrame: referenceTo(first) }),
    ...(last && { lastFrame: referenceTo(last) }),
  }
}

/** The bytes stay out of the stored request. */
function referenceTo({ sha256, mediaType, width, height, sizeBytes }: ImageReference): ImageReference {
  return { sha256, mediaType, width, height, sizeBytes }
}
