import { createHash } from 'node:crypto'

export type ClipAspectRatio = '16:9' | '9:16' | '1:1'

/** What decides how a clip looks. Two orders that differ in anything give different bytes; the same order gives the same bytes. */
export interface ClipOrder {
  prompt: string
  durationSeconds: 5 | 10
  negativePrompt?: string | undefined
  /** 0 to 1. */
  guidance?: number | undefined
  /** Only for clips from words alone; 16:9 unless given. */
  aspectRatio?: ClipAspectRatio | undefined
  /** PNG or JPEG bytes. The clip begins with this image. */
  firstImage?: Uint8Array | undefined
  /** PNG or JPEG bytes. The clip ends on this image. */
  lastImage?: Uint8Array | undefined
}

/** Lower-case hexadecimal SHA-256 over everything that the order says. */
export function fingerprintOf(order: ClipOrder): string {
  const words = [order.prompt, order.durationSeconds, order.negativePrompt ?? null, order.guidance ?? null, order.aspectRatio ?? null]
  const images = [order.firstImage, order.lastImage].map((image) => (image ? sha256(image) : null))
  return sha256(JSON.stringify([words, images]))
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}
