import { z } from 'zod'

const Url = z.url({ protocol: /^https?$/ })

/** The id has two names in Eachlabs' own pages. The `success` beside it says that the job was accepted, not that it is over. */
const PredictionId = z
  .object({ predictionID: z.string().min(1).nullish(), id: z.string().min(1).nullish() })
  .transform(({ predictionID, id }, context) => {
    const known = predictionID ?? id
    if (known) return known
    context.addIssue({ code: 'custom', message: 'no id' })
    return z.NEVER
  })

/** Of a create call only the id is needed: a job whose state we cannot read is still our job. */
export const Created = PredictionId

/** A clip is a URL; other models of Eachlabs answer with lists and objects, and so may this one tomorrow. */
const Clip = z.union([
  Url,
  z.object({ url: Url }).transform(({ url }) => url),
  z.object({ video: z.union([Url, z.object({ url: Url }).transform(({ url }) => url)]) }).transform(({ video }) => video),
])
export const Output = z.union([
  Clip,
  z
    .tuple([Clip])
    .rest(z.unknown())
    .transform(([first]) => first),
])

/** Both vocabularies: that of the poll and that of the webhook, each with the spellings that were seen. */
export const Prediction = z.object({
  status: z.enum([
    ...(['created', 'queued', 'starting', 'processing', 'success', 'succeeded'] as const),
    ...(['error', 'failed', 'cancelled', 'canceled'] as const),
  ]),
  output: z.unknown().optional(),
  message: z.unknown().optional(),
  details: z.unknown().optional(),
  error: z.unknown().optional(),
  logs: z.unknown().optional(),
  metrics: z
    .object({ cost: z.number().nonnegative().nullish().catch(undefined) })
    .nullish()
    .catch(undefined),
})
export type Prediction = z.infer<typeof Prediction>

/** What a failed job's output may say. */
export const OutputFailure = z.object({
  error_code: z.string().nullish().catch(undefined),
  code: z.string().nullish().catch(undefined),
  error: z.unknown().optional(),
  error_message: z.unknown().optional(),
})

export const UploadTicket = z.object({
  presigned_url: Url,
  public_url: Url,
  required_headers: z.record(z.string(), z.string()).nullish(),
})

export const Cancellation = z.object({ status: z.string().nullish().catch(undefined) })

export const StoredOperation = z.object({ id: z.string() })

/** An error body has one of two shapes, or none. */
export const ErrorBody = z.object({ message: z.unknown().optional(), error: z.unknown().optional(), details: z.unknown().optional() })

export const WebhookBody = z.object({
  exec_id: z.string().min(1).nullish(),
  predictionID: z.string().min(1).nullish(),
  id: z.string().min(1).nullish(),
  status: z.string().nullish().catch(undefined),
})
