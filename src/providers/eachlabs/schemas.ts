import { z } from 'zod'

import { Dollars } from '../shared/credit.ts'
import { HttpUrl } from '../shared/response.ts'

/**
 * The documentation has two names for the id. The `success` beside it means that the job was accepted, not that it is over. Only the id is required: a job
 * whose state we cannot read is still our job.
 */
export const Created = z
  .object({ predictionID: z.string().min(1).nullish(), id: z.string().min(1).nullish() })
  .transform(({ predictionID, id }, context) => {
    const known = predictionID ?? id
    if (known) return known
    context.addIssue({ code: 'custom', message: 'no id' })
    return z.NEVER
  })

/** A clip is a URL; other models on Eachlabs return lists and objects, and so may this one some day. */
const Clip = z.union([
  HttpUrl,
  z.object({ url: HttpUrl }).transform(({ url }) => url),
  z.object({ video: z.union([HttpUrl, z.object({ url: HttpUrl }).transform(({ url }) => url)]) }).transform(({ video }) => video),
])
export const Output = z.union([
  Clip,
  z
    .tuple([Clip])
    .rest(z.unknown())
    .transform(([first]) => first),
])

/** The states of polls and of webhooks, in every spelling that was seen. */
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
  metrics: z.object({ cost: z.unknown().optional() }).nullish().catch(undefined),
})
export type Prediction = z.infer<typeof Prediction>

/** The output of a failed job. */
export const OutputFailure = z.object({
  error_code: z.string().nullish().catch(undefined),
  code: z.string().nullish().catch(undefined),
  error: z.unknown().optional(),
  error_message: z.unknown().optional(),
})

export const UploadTicket = z.object({
  presigned_url: HttpUrl,
  public_url: HttpUrl,
  required_headers: z.record(z.string(), z.string()).nullish(),
})

export const Balance = z.object({ balance_usd: Dollars })

export const Cancellation = z.object({ status: z.string().nullish().catch(undefined) })

export const ErrorBody = z.object({ message: z.unknown().optional(), error: z.unknown().optional(), details: z.unknown().optional() })

export const WebhookBody = z.object({
  exec_id: z.string().min(1).nullish(),
  predictionID: z.string().min(1).nullish(),
  id: z.string().min(1).nullish(),
  status: z.string().nullish().catch(undefined),
})
