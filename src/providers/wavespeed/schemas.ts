import { z } from 'zod'

const Url = z.url({ protocol: /^https?$/ })

/** WaveSpeed wraps every answer. `code` repeats the HTTP status, or speaks where HTTP says 200 all the same. */
function wrapped<T extends z.ZodType>(content: T) {
  return z.object({ data: content })
}

/** Of a create call only the id is needed: a job whose state we cannot read is still our job. */
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
    outputs: z.array(z.union([Url, z.object({ url: Url }).transform(({ url }) => url)])).nullish(),
    error: z.string().nullish(),
    code: z.number().nullish().catch(undefined),
    has_nsfw_contents: z.array(z.boolean().nullable()).nullish().catch(undefined),
  }),
).transform(({ data }) => data)
export type Prediction = z.infer<typeof Prediction>

export const UploadTicket = wrapped(
  z.object({
    download_url: Url,
    upload: z.object({ method: z.literal('PUT').nullish(), url: Url, headers: z.record(z.string(), z.string()).nullish() }),
  }),
).transform(({ data }) => data)

/** What an operation remembers; where the URL is missing or leads elsewhere it is made anew from the id. */
export const StoredOperation = z.object({ id: z.string(), resultUrl: z.string().optional().catch(undefined) })

export const ErrorBody = z.object({ code: z.number().nullish().catch(undefined), message: z.string().nullish().catch(undefined) })

/** One secret per key, told in an object or by itself. A short one would let anybody sign. */
const Secret = z.string().min(16)
export const WebhookSecret = wrapped(z.union([Secret, z.object({ secret: Secret }).transform(({ secret }) => secret)])).transform(
  ({ data }) => data,
)

/** The prediction without its wrapper; the wrapped one is taken too. Read to the id of the job. */
const Identified = z.object({ id: z.string().min(1) }).transform(({ id }) => id)
export const WebhookBody = z.union([Identified, wrapped(Identified).transform(({ data }) => data)])
