import { z } from 'zod'
import { isLoopback } from '../jobs/image.ts'
import type { JobOrder } from '../jobs/job.ts'
import type { Behavior } from '../simulation/behavior.ts'
import { klingFields, klingOrder, KlingTextInput } from '../stand-in/kling-input.ts'

/** Public addresses only: no data URIs, and no private addresses except the provider's uploads at `own`. */
const imageAddress = (own: string) =>
  z.url().refine((address) => {
    const url = new URL(address)
    return url.origin === own || (url.protocol === 'https:' && !isLoopback(url.hostname))
  }, 'must be a publicly reachable HTTPS URL')

const ImageInput = (own: string) =>
  z.strictObject({ ...klingFields, image_url: imageAddress(own), tail_image_url: imageAddress(own).optional() })

/** As the model describes its inputs; undefined for an unknown model. */
export function inputSchemaOf(model: string): Record<string, unknown> | undefined {
  const source = sourceOf(model)
  if (source === undefined) return undefined
  return z.toJSONSchema(source === 'text' ? KlingTextInput : ImageInput(''), { io: 'input', unrepresentable: 'any' })
}

/** What the model makes clips from. */
function sourceOf(model: string): string | undefined {
  return /^kling-v2-5-turbo-pro-(text|image)-to-video$/.exec(model)?.[1]
}

const Creation = z.object({
  model: z.string(),
  // One page of the documentation requires it, another ignores it.
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

/** Parses an order, or describes its problem as Eachlabs does. */
export function readEachlabsOrder(
  body: unknown,
  uploads: string,
  unknownFields: Behavior['unknownFields'],
): EachlabsOrder | { problem: string } | { unknownModel: string } {
  const creation = Creation.safeParse(body)
  if (!creation.success) return { problem: problemIn(creation.error) }
  const { model, input, webhook_url: webhookUrl, webhook_secret: webhookSecret } = creation.data
  const source = sourceOf(model)
  if (source === undefined) return { unknownModel: model }
  const strict = source === 'text' ? KlingTextInput : ImageInput(uploads)
  const parsed = (unknownFields === 'dropped' ? strict.strip() : strict).safeParse(input)
  if (!parsed.success) return { problem: problemIn(parsed.error) }
  return { input, webhookSecret, job: { ...klingOrder(parsed.data), webhookUrl } }
}

function problemIn({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ')
}
