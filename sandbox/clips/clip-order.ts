import { createHash } from 'node:crypto'

/** H.264 in MP4 or MOV, VP9 in WebM. */
export type ClipFormat = 'mp4' | 'mov' | 'webm'
export type ClipAspectRatio = '16:9' | '9:16' | '1:1'

/** Determines the bytes of a clip: the same for the same order, different if the orders differ in any field. */
export interface ClipOrder {
  prompt: string
  durationSeconds: 5 | 10
  negativePrompt?: string | undefined
  /** 0 to 1. */
  guidance?: number | undefined
  /** Ignored with a first image; 16:9 unless given. */
  aspectRatio?: ClipAspectRatio | undefined
  /** PNG or JPEG bytes. The clip begins with this image. */
  firstImage?: Uint8Array | undefined
  /** PNG or JPEG bytes. The clip ends on this image. */
  lastImage?: Uint8Array | undefined
  /** MP4 unless given. */
  format?: ClipFormat | undefined
}

/** Lower-case hexadecimal SHA-256 of the whole order. */
export function fingerprintOf(order: ClipOrder): string {
  const fields = [order.prompt, order.durationSeconds, order.negativePrompt ?? null, order.guidance ?? null, order.aspectRatio ?? null]
  const images = [order.firstImage, order.lastImage].map((image) => (image ? sha256(image) : null))
  return sha256(JSON.stringify(order.format === undefined || order.format === 'mp4' ? [fields, images] : [fields, images, order.format]))
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
