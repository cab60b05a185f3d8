import { z } from 'zod'

/** A prediction as create, get and cancel answer it. `hidden` versions, logs and links are not ours to read. */
export const Prediction = z.object({
  id: z.string().min(1),
  status: z.enum(['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted']),
  output: z.url({ protocol: /^https?$/ }).nullish(),
  error: z.string().nullish(),
  logs: z.string().nullish(),
  data_removed: z.boolean().nullish(),
})
export type Prediction = z.infer<typeof Prediction>

/** Of a create call only the id is needed: a job whose state we cannot read is still our job. */
export const CreatedPrediction = z.object({ id: z.string().min(1) })

/** A page of the account's predictions, newest first. What identifies one as ours may be missing from it. */
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

export const UploadedFile = z.object({ urls: z.object({ get: z.url({ protocol: /^https?$/ }) }) })

export const StoredOperation = z.object({ id: z.string() })

export const ErrorBody = z.object({
  title: z.string().nullish(),
  detail: z.string().nullish(),
  retry_after: z.union([z.number(), z.string()]).nullish().catch(undefined),
})
