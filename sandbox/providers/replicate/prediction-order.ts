import { z } from 'zod'
import type { JobOrder } from '../jobs/job.ts'
import { dataUriSize } from '../jobs/image.ts'

/** Larger images must be uploaded or given as an HTTPS URL. */
const dataUriBytes = 256 * 1024

const Image = z.url().refine((address) => (dataUriSize(address) ?? 0) <= dataUriBytes, { error: 'is larger than 256kB, use a URL instead' })

/** The model's inputs. Others, such as the `guidance_scale` of older versions, are ignored. */
const Input = z.object({
  prompt: z.string().min(1).max(2500),
  negative_prompt: z.string().max(2500).default(''),
  start_image: Image.optional(),
  end_image: Image.optional(),
  /** The deprecated name of `start_image`. */
  image: Image.optional(),
  aspect_ratio: z.enum(['16:9', '9:16', '1:1']).default('16:9'),
  duration: z.union([z.literal(5), z.literal(10)]).default(5),
})

/** As the model describes its inputs. */
export function inputSchema(): Record<string, unknown> {
  // The size of an image is checked, but not described.
  return z.toJSONSchema(Input, { io: 'input', unrepresentable: 'any' })
}

const webhookEvents = ['start', 'output', 'logs', 'completed'] as const

const Body = z.looseObject({
  input: Input,
  webhook: z
    .url()
    .refine((address) => /^https:|^http:\/\/(127\.|localhost)/.test(address), { error: 'must be an HTTPS URL' })
    .optional(),
  webhook_events_filter: z.array(z.enum(webhookEvents)).optional(),
  version: z.string().optional(),
  // A model is named in the path, not in the body.
  model: z.never({ error: 'Additional property model is not allowed' }).optional(),
})

export interface PredictionOrder {
  job: JobOrder
  webhookEventsFilter: readonly (typeof webhookEvents)[number][] | undefined
  version: string | undefined
}

/** One entry of `invalid_fields` in a 422. */
export interface InvalidField {
  type: string
  field: string
  description: string
}

/** Parses an order; problems are described as Replicate does. */
export function readPredictionOrder(given: unknown): { order: PredictionOrder } | { invalidFields: InvalidField[] } {
  const parsed = Body.safeParse(given, { reportInput: true })
  if (!parsed.success) return { invalidFields: parsed.error.issues.map(invalidFieldOf) }
  const { input, webhook, webhook_events_filter: webhookEventsFilter, version } = parsed.data
  const firstImageUrl = input.start_image ?? input.image
  const job: JobOrder = {
    prompt: input.prompt,
    negativePrompt: input.negative_prompt,
    durationSeconds: input.duration,
    // The start image determines the aspect ratio; the field is ignored.
    aspectRatio: firstImageUrl === undefined ? input.aspect_ratio : undefined,
    firstImageUrl,
    lastImageUrl: input.end_image,
    webhookUrl: webhook,
  }
  return { order: { job, webhookEventsFilter, version } }
}

function invalidFieldOf(issue: z.core.$ZodIssue): InvalidField {
  const path = issue.path.map(String)
  const field = path.join('.')
  const name = path.at(-1) ?? '(root)'
  const parent = path.slice(0, -1).join('.') || '(root)'
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? { type: 'required', field: parent, description: `${name} is required` }
        : { type: 'invalid_type', field, description: `Invalid type. Expected: ${issue.expected}` }
    case 'invalid_value':
    case 'invalid_union':
      return { type: 'enum', field, description: `${field} must be one of the following: ${allowedValues(name)}` }
    case 'too_big':
      return { type: 'string_lte', field, description: `String length must be less than or equal to ${issue.maximum}` }
    case 'too_small':
      return { type: 'string_gte', field, description: `String length must be greater than or equal to ${issue.minimum}` }
    case 'invalid_format':
      return { type: 'format', field, description: `Does not match format 'uri'` }
    default:
      return { type: 'invalid', field, description: issue.message }
  }
}

function allowedValues(field: string): string {
  if (field === 'aspect_ratio') return '"16:9", "9:16", "1:1"'
  return field === 'duration' ? '5, 10' : webhookEvents.map((event) => `"${event}"`).join(', ')
}
