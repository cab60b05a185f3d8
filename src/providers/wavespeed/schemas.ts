import { z } from 'zod'

import { Dollars } from '../shared/credit.ts'
import { HttpUrl } from '../shared/response.ts'

/** WaveSpeed wraps every response in `data`. */
function wrapped<T>(content: z.ZodType<T>) {
  return z.object({ data: content }).transform(({ data }) => data)
}

/** Only the id of a create response is required: a job whose state we cannot read is still our job. */
export const Created = wrapped(
  z.object({
    id: z.string().min(1),
    urls: z.object({ get: z.string().nullish() }).nullish().catch(undefined),
  }),
)

export const Prediction = wrapped(
  z.object({
    status: z.enum(['created', 'processing', 'completed', 'failed', 'cancelled', 'timeout', 'deleted']),
    /** On some models an element is an object around its URL. */
    outputs: z.array(z.union([HttpUrl, z.object({ url: HttpUrl }).transform(({ url }) => url)])).nullish(),
    error: z.string().nullish(),
    code: z.number().nullish().catch(undefined),
    has_nsfw_contents: z.array(z.boolean().nullable()).nullish().catch(undefined),
  }),
)
export type Prediction = z.infer<typeof Prediction>

export const UploadTicket = wrapped(
  z.object({
    download_url: HttpUrl,
    upload: z.object({ method: z.literal('PUT').nullish(), url: HttpUrl, headers: z.record(z.string(), z.string()).nullish() }),
  }),
)

export const Balance = wrapped(z.object({ balance: Dollars }))

/** The wrapper of an error. `code` repeats the HTTP status, or holds the status where HTTP says 200. */
export const ErrorBody = z.object({ code: z.number().nullish().catch(undefined), message: z.string().nullish().catch(undefined) })

/** One secret per key, in an object or by itself. A short one would let anyone sign. */
const Secret = z.string().min(16)
export const WebhookSecret = wrapped(z.union([Secret, z.object({ secret: Secret }).transform(({ secret }) => secret)]))

/** The prediction without its wrapper; a wrapped one is accepted too. Only the job's id is read. */
const Identified = z.object({ id: z.string().min(1) }).transform(({ id }) => id)
export const WebhookBody = z.union([Identified, wrapped(Identified)])
