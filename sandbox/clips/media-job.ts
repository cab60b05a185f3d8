import { z } from 'zod'
import type { ClipFormat } from './clip-order.ts'

/** A task for the child process. Large content is passed in files, to keep the messages short. */
export type MediaJob =
  | {
      kind: 'encode'
      width: number
      height: number
      durationSeconds: number
      /** Raw RGB24 at twice the clip's size, so that a slow zoom moves by half pixels. */
      imageFile: string
      /** Raw RGBA at the clip's size. */
      captionFile: string
      /** Raw RGB24 at the clip's size; the clip ends on it. */
      lastImageFile?: string | undefined
      /** The target of the zoom, 0 to 1 from the left and from the top. */
      focus: { x: number; y: number }
      format: ClipFormat
      outputFile: string
    }
  | { kind: 'inspect'; clipFile: string }
  | { kind: 'frame'; clipFile: string; which: 'first' | 'last'; outputFile: string }

export const Inspection = z.object({
  durationSeconds: z.number(),
  codec: z.string(),
  pixelFormat: z.string(),
  width: z.number(),
  height: z.number(),
  /** The number of decoded frames. */
  frames: z.number(),
})
export type Inspection = z.infer<typeof Inspection>

export const MediaAnswer = z.union([
  z.object({ ok: z.literal(true), inspection: Inspection.optional() }),
  z.object({ ok: z.literal(false), reason: z.string() }),
])
export type MediaAnswer = z.infer<typeof MediaAnswer>
