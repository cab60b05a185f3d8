import { z } from 'zod'
import type { JobOrder } from '../jobs/job.ts'

const common = {
  prompt: z.string().min(1).max(2500),
  negative_prompt: z.string().max(2500).optional(),
  guidance_scale: z.number().min(0).max(1).default(0.5),
  duration: z.union([z.literal(5), z.literal(10)]).default(5),
}

const TextInput = z.object({ ...common, aspect_ratio: z.enum(['16:9', '9:16', '1:1']).default('16:9') })
const ImageInput = z.object({ ...common, image: z.url(), last_image: z.url().optional() })

/**
 * Parses the flat body of a task, or describes its problem as WaveSpeed does; undefined for an unknown operation. Unknown fields
 * (`end_image`, `seed`) are ignored.
 */
export function readWavespeedInput(
  operation: string | undefined,
  body: unknown,
): { order: JobOrder; input: unknown } | { problem: string } | undefined {
  if (operation !== 'text-to-video' && operation !== 'image-to-video') return undefined
  const parsed = (operation === 'text-to-video' ? TextInput : ImageInput).safeParse(body, { reportInput: true })
  if (!parsed.success) return { problem: parsed.error.issues.map(problemOf).join('; ') }
  const { data: input } = parsed
  return {
    input,
    order: {
      prompt: input.prompt,
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
