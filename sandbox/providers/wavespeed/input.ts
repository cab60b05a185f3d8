import { z } from 'zod'
import type { JobOrder } from '../jobs/job.ts'

const common = {
  enable_sync_mode: z.boolean().default(false),
  prompt: z.string().min(1).max(2500).optional(),
  negative_prompt: z.string().max(2500).optional(),
  guidance_scale: z.number().min(0).max(1).default(0.5),
  duration: z.union([z.literal(5), z.literal(10)]).default(5),
}

const TextInput = z.object({ ...common, aspect_ratio: z.enum(['16:9', '9:16', '1:1']).default('16:9') })
const ImageInput = z.object({ ...common, image: z.url().optional(), last_image: z.url().optional() })

export interface WavespeedOrder {
  order: JobOrder
  input: unknown
  /** The response waits for the end of the task. */
  isSync: boolean
  /** Required fields that are not there: the documented example of a create call has none of them, so the task is created, and fails. */
  missing: string[]
}

/**
 * Parses the flat body of a task, or describes its problem as WaveSpeed does; undefined for an unknown operation. Unknown fields
 * (`end_image`, `seed`) are ignored.
 */
export function readWavespeedInput(operation: string | undefined, body: unknown): WavespeedOrder | { problem: string } | undefined {
  if (operation !== 'text-to-video' && operation !== 'image-to-video') return undefined
  const parsed = (operation === 'text-to-video' ? TextInput : ImageInput).safeParse(body, { reportInput: true })
  if (!parsed.success) return { problem: parsed.error.issues.map(problemOf).join('; ') }
  const { enable_sync_mode: isSync, ...input } = parsed.data
  return {
    input,
    isSync,
    missing: (operation === 'text-to-video' ? ['prompt'] : ['prompt', 'image']).filter((field) => !(field in input)),
    order: {
      prompt: input.prompt ?? '',
      negativePrompt: input.negative_prompt,
      durationSeconds: input.duration,
      guidance: input.guidance_scale,
      ...('aspect_ratio' in input ? { aspectRatio: input.aspect_ratio } : { firstImageUrl: input.image, lastImageUrl: input.last_image }),
    },
  }
}

function problemOf({ path, input, message }: z.core.$ZodIssue): string {
  const field = path.map(String).join('.') || 'body'
  return input === undefined ? `Missing required parameter: ${field}` : `Invalid parameter: ${field}: ${message}`
}
