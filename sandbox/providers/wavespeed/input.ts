import { z } from 'zod'
import type { JobOrder } from '../jobs/job.ts'

const common = {
  prompt: z.string().min(1).max(2500),
  negative_prompt: z.string().max(2500).optional(),
  guidance_scale: z.number().min(0).max(1).default(0.5),
  duration: z.union([z.literal(5), z.literal(10)]).default(5),
}

/** The flat body of a task. Unknown fields (`end_image`, `seed`) are ignored. */
const inputs = {
  'text-to-video': z.object({ ...common, aspect_ratio: z.enum(['16:9', '9:16', '1:1']).default('16:9') }),
  'image-to-video': z.object({ ...common, image: z.url(), last_image: z.url().optional() }),
}

export type WavespeedOperation = keyof typeof inputs

export function isWavespeedOperation(name: string | undefined): name is WavespeedOperation {
  return name !== undefined && Object.hasOwn(inputs, name)
}

/** Parses a task, or describes its problem as WaveSpeed does. */
export function readWavespeedInput(
  operation: WavespeedOperation,
  body: unknown,
): { order: JobOrder; input: unknown } | { problem: string } {
  const parsed = inputs[operation].safeParse(body, { reportInput: true })
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
