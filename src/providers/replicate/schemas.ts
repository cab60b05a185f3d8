import { z } from 'zod'

import { HttpUrl } from '../shared/response.ts'

/** A prediction as get and cancel return it. */
export const Prediction = z.object({
  status: z.enum(['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted']),
  output: HttpUrl.nullish(),
  error: z.string().nullish(),
  logs: z.string().nullish(),
})
export type Prediction = z.infer<typeof Prediction>

/** Only the id is read of a create response: a job whose state we cannot read is still our job. */
export const CreatedPrediction = z.object({ id: z.string().min(1) })

/** A page of the account's predictions, newest first. The fields that identify one as ours may be missing. */
export const PredictionPage = z.object({
  next: z.string().nullish(),
  results: z.array(
    z.object({
      id: z.string().min(1),
      created_at: z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
      webhook: z.string().nullish().catch(undefined),
      input: z.object({ start_image: z.unknown(), end_image: z.unknown() }).partial().nullish().catch(undefined),
    }),
  ),
})
export type PredictionPage = z.infer<typeof PredictionPage>
export type ListedPrediction = PredictionPage['results'][number]

export const UploadedFile = z.object({ urls: z.object({ get: HttpUrl }) })

export const ErrorBody = z.object({
  detail: z.string().nullish(),
  retry_after: z.union([z.number(), z.string()]).nullish().catch(undefined),
})

/** Only that there is one: it has no balance. */
export const Account = z.object({})

/** One secret per account. A short one would let anyone sign. */
export const WebhookSecret = z.object({ key: z.string().regex(/^whsec_[A-Za-z0-9+/_-]{16,}=*$/) }).transform(({ key }) => key)

export const WebhookBody = CreatedPrediction.transform(({ id }) => id)
