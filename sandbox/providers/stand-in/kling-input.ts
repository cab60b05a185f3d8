import { z } from 'zod'
import type { JobOrder } from '../jobs/job.ts'

/** The model's fields as fal and Eachlabs name them. */
export const klingFields = {
  prompt: z.string().min(1).max(2500),
  duration: z.enum(['5', '10']).default('5'),
  negative_prompt: z.string().max(2500).default('blur, distort, and low quality'),
  cfg_scale: z.number().min(0).max(1).default(0.5),
}

export const KlingTextInput = z.strictObject({ ...klingFields, aspect_ratio: z.enum(['16:9', '9:16', '1:1']).default('16:9') })

interface KlingImageInput extends Omit<z.infer<typeof KlingTextInput>, 'aspect_ratio'> {
  image_url: string
  tail_image_url?: string | undefined
}

export function klingOrder(input: z.infer<typeof KlingTextInput> | KlingImageInput): JobOrder {
  return {
    prompt: input.prompt,
    negativePrompt: input.negative_prompt,
    durationSeconds: input.duration === '5' ? 5 : 10,
    guidance: input.cfg_scale,
    ...('aspect_ratio' in input
      ? { aspectRatio: input.aspect_ratio }
      : { firstImageUrl: input.image_url, lastImageUrl: input.tail_image_url }),
  }
}
