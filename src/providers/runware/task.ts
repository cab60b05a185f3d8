import { createHash } from 'node:crypto'

import { type AspectRatio, clipLimits, type ClipRequest } from '../../domain/clip-request.ts'
import type { MicroUsd } from '../../domain/money.ts'
import type { HostedImages } from '../provider.ts'

export interface OutputOptions {
  /** 20 to 99; less is a smaller file. */
  quality: number
  /** Runware's own check of the clip, which it bills separately. */
  safety: 'none' | 'fast' | 'full'
  /** What that check costs for each clip. */
  safetyPrice?: MicroUsd | undefined
}

/** How long the URL of a clip is valid. */
export const clipLifetimeSeconds = 24 * 60 * 60

/** The sizes that Runware supports for this model. */
const sizes: Readonly<Record<AspectRatio, { width: number; height: number }>> = {
  '16:9': { width: 1280, height: 720 },
  '9:16': { width: 720, height: 1280 },
  '1:1': { width: 720, height: 720 },
}

/**
 * The id of an attempt's task at Runware: always the same for the same attempt, in the form of a version 4 UUID. Runware refuses a second task with the
 * same id, so a repeated request cannot be billed twice.
 */
export function taskUuidOf(attemptId: string): string {
  const bytes = createHash('sha256').update(`rushes attempt ${attemptId}`).digest().subarray(0, 16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}

/** The task without its id. What was not asked for is left undefined, which JSON omits, and takes Runware's default. */
export function toTask(request: ClipRequest, { firstFrame, lastFrame }: HostedImages, { quality, safety }: OutputOptions) {
  const frameImages = [
    ...(firstFrame ? [{ image: firstFrame.url, frame: 'first' }] : []),
    ...(lastFrame ? [{ image: lastFrame.url, frame: 'last' }] : []),
  ]
  return {
    taskType: 'videoInference',
    model: 'klingai:6@1',
    positivePrompt: request.prompt,
    // Runware's default is empty, and it refuses a value of fewer than two characters, which says nothing anyway.
    negativePrompt: (request.negativePrompt ?? '').length < clipLimits.leastCharacters ? undefined : request.negativePrompt,
    ...sizeFor(request),
    duration: request.durationSeconds,
    // Runware refuses more than two decimals.
    CFGScale: request.guidance === undefined ? undefined : Math.round(request.guidance * 100) / 100,
    inputs: frameImages.length > 0 ? { frameImages } : undefined,
    deliveryMethod: 'async',
    outputType: 'URL',
    outputFormat: 'MP4',
    outputQuality: quality,
    ttl: clipLifetimeSeconds,
    includeCost: true,
    safety: safety === 'none' ? undefined : { checkContent: true, mode: safety },
  }
}

/** The size whose shape is nearest to the image's. On the logarithmic scale, twice as wide is as far from square as twice as high. */
function sizeFor({ firstFrame, aspectRatio = '16:9' }: ClipRequest): { width: number; height: number } {
  if (!firstFrame) return sizes[aspectRatio]
  const distance = (size: { width: number; height: number }) =>
    Math.abs(Math.log((size.width * firstFrame.height) / (size.height * firstFrame.width)))
  return Object.values(sizes).reduce((nearest, size) => (distance(size) < distance(nearest) ? size : nearest))
}
