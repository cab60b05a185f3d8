import { z } from 'zod'
import type { JobOrder } from '../jobs/job.ts'
import { isLoopback } from '../jobs/image.ts'

const common = {
  prompt: z.string().min(1).max(2500),
  duration: z.enum(['5', '10']).default('5'),
  negative_prompt: z.string().max(2500).default('blur, distort, and low quality'),
  cfg_scale: z.number().min(0).max(1).default(0.5),
}
const TextInput = z.strictObject({ ...common, aspect_ratio: z.enum(['16:9', '9:16', '1:1']).default('16:9') })

/** Public addresses only: no data URI, nothing on the provider's own machine; `own` is where its uploads are. */
const imageAddress = (own: string) =>
  z.url().refine((address) => {
    const url = new URL(address)
    return url.origin === own || (url.protocol === 'https:' && !isLoopback(url.hostname))
  }, 'must be a publicly reachable HTTPS URL')

const ImageInput = (own: string) =>
  z.strictObject({ ...common, image_url: imageAddress(own), tail_image_url: imageAddress(own).optional() })

const Creation = z.object({
  model: z.string(),
  // Asked for on one page, ignored by another.
  version: z.string().optional(),
  input: z.record(z.string(), z.unknown()),
  webhook_url: z.url().optional(),
  webhook_secret: z.string().min(1).optional(),
})

export interface EachlabsOrder {
  job: JobOrder
  input: Record<string, unknown>
  webhookSecret: string | undefined
}

/** Reads what was ordered, or says what is wrong with it. */
export function readEachlabsOrder(body: unknown, uploads: string): EachlabsOrder | { problem: string } | { unknownModel: string } {
  const creation = Creation.safeParse(body)
  if (!creation.success) return { problem: problemIn(creation.error) }
  const { model, input, webhook_url: webhookUrl, webhook_secret: webhookSecret } = creation.data
  const rest = { input, webhookSecret }
  switch (model) {
    case 'kling-v2-5-turbo-pro-text-to-video': {
      const parsed = TextInput.safeParse(input)
      if (!parsed.success) return { problem: problemIn(parsed.error) }
      return { ...rest, job: { ...commonOrder(parsed.data), aspectRatio: parsed.data.aspect_ratio, webhookUrl } }
    }
    case 'kling-v2-5-turbo-pro-image-to-video': {
      const parsed = ImageInput(uploads).safeParse(input)
      if (!parsed.success) return { problem: problemIn(parsed.error) }
      const { image_url: firstImageUrl, tail_image_url: lastImageUrl } = parsed.data
      return { ...rest, job: { ...commonOrder(parsed.data), firstImageUrl, lastImageUrl, webhookUrl } }
    }
    default:
      return { unknownModel: model }
  }
}

function commonOrder(input: { prompt: string; duration: '5' | '10'; negative_prompt: string; cfg_scale: number }): JobOrder {
  return {
    prompt: input.prompt,
    negativePrompt: input.negative_prompt,
    durationSeconds: input.duration === '5' ? 5 : 10,
    guidance: input.cfg_scale,
  }
}

function problemIn({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ')
}
