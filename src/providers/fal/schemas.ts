import { z } from 'zod'

import { HttpUrl } from '../shared/response.ts'

/** The response to a submit. The URLs lead to the request, whatever fal's paths look like by then. */
export const Submitted = z
  .object({
    request_id: z.string().min(1),
    status_url: z.string().nullish(),
    response_url: z.string().nullish(),
    cancel_url: z.string().nullish(),
  })
  .transform(({ request_id: id, status_url: statusUrl, response_url: responseUrl, cancel_url: cancelUrl }) => ({
    id,
    ...(statusUrl && { statusUrl }),
    ...(responseUrl && { responseUrl }),
    ...(cancelUrl && { cancelUrl }),
  }))

/** A status, polled or streamed. `COMPLETED` means that the job is over, not that it succeeded. */
export const RequestStatus = z.object({
  status: z.enum(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED']),
  queue_position: z.number().int().nonnegative().nullish(),
  error: z.string().nullish(),
  error_type: z.string().nullish(),
})
export type RequestStatus = z.infer<typeof RequestStatus>

export const Result = z.object({ video: z.object({ url: HttpUrl }) })

export const UploadTicket = z.object({ upload_url: HttpUrl, file_url: HttpUrl })

/** An error body: of the model (`detail` is a list), of the queue (`error_type`), or plain text. */
export const ErrorBody = z.object({
  detail: z.union([z.string(), z.array(z.object({ type: z.string().nullish(), msg: z.string().nullish() }))]).nullish(),
  error: z.string().nullish(),
  error_type: z.string().nullish(),
})

export const KeySet = z.object({ keys: z.array(z.object({ x: z.string() }).catch({ x: '' })).max(100) })

export const WebhookBody = z.object({ request_id: z.string().min(1), gateway_request_id: z.string().nullish() })
