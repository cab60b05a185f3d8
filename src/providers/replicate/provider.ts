import { FormData } from 'undici'

import { allCapabilities, assertStartable } from '../capabilities.ts'
import { pricePerSecond, type ProviderAccount } from '../descriptor.ts'
import type { CancelOutcome, Provider, Status } from '../provider.ts'
import { failedStatus, isModerationText } from '../shared/rejections.ts'
import { createHmacVerification } from '../shared/hmac-webhook.ts'
import { createProviderHttp, type ProviderContext } from '../shared/http.ts'
import { imageFilename } from '../shared/image-upload.ts'
import { commonInput } from '../shared/input.ts'
import { isSuccess, type ProviderResponse, readJson } from '../shared/response.ts'
import { readReplicateRejection } from './errors.ts'
import { findLostPrediction } from './lost-prediction.ts'
import { Account, CreatedPrediction, Prediction, UploadedFile, WebhookBody, WebhookSecret } from './schemas.ts'

/** The current version of the model has no guidance input, and ignores unknown fields. */
export const replicateCapabilities = { ...allCapabilities, guidance: false }
const traits = { id: 'replicate', capabilities: replicateCapabilities, price: pricePerSecond }

/** Replicate's predictions API. Durations are integers; outputs last an hour; costs are not reported. Contract: docs/providers.md#replicate */
export function createReplicate({ apiKey, origins }: ProviderAccount<'api'>, context: ProviderContext) {
  const api = `${origins.api}/v1`
  const keyHeaders = { authorization: `Bearer ${apiKey}` }
  const http = createProviderHttp(
    { provider: 'replicate', origins: [origins.api], keyHeaders, rejections: readReplicateRejection },
    context,
  )
  const urlOf = (id: string) => `${api}/predictions/${encodeURIComponent(id)}`

  return {
    ...traits,

    async prepare(image, { signal }) {
      const form = new FormData()
      form.append('content', new Blob([new Uint8Array(image.bytes)], { type: image.mediaType }), imageFilename(image))
      form.append('metadata', new Blob(['{}'], { type: 'application/json' }))
      const read = readJson(UploadedFile)
      const file = await http.send({ method: 'POST', url: `${api}/files`, step: 'prepare', body: form, signal, read })
      return { url: file.urls.get }
    },

    async start(request, images, { webhookUrl, signal }) {
      assertStartable(traits, request, images)
      const { firstFrame, lastFrame } = images
      const input = { duration: request.durationSeconds, start_image: firstFrame?.url, end_image: lastFrame?.url }
      return http.send({
        method: 'POST',
        url: `${api}/models/kwaivgi/kling-v2.5-turbo-pro/predictions`,
        step: 'submit',
        // No `Prefer`: it would delay the response, and with it the id.
        json: {
          input: { ...commonInput(request, images), ...input },
          ...(webhookUrl !== undefined && { webhook: webhookUrl, webhook_events_filter: ['completed'] }),
        },
        signal,
        read: readJson(CreatedPrediction),
      })
    },

    /** The account has a name, but no readable balance. */
    async probe({ signal }) {
      await http.send({ method: 'GET', url: `${api}/account`, step: 'follow', signal, read: readJson(Account) })
    },

    status: async ({ id }, { signal }) =>
      toStatus(await http.send({ method: 'GET', url: urlOf(id), step: 'follow', signal, read: readJson(Prediction) })),

    cancel: ({ id }, { signal }) =>
      http.send({ method: 'POST', url: `${urlOf(id)}/cancel`, step: 'follow', signal, read: readCancellation }),

    recover: (_request, images, lost, { signal }) => findLostPrediction(http, api, { images, lost, signal }),

    verifyWebhook: createHmacVerification(http, {
      secretUrl: `${api}/webhooks/default/secret`,
      secret: WebhookSecret,
      keyEncoding: 'base64',
      signature: /^v1,(.+)$/,
      signatureEncoding: 'base64',
      jobId: WebhookBody,
    }),
  } satisfies Provider
}

function toStatus({ status, output, error, logs }: Prediction): Status {
  switch (status) {
    case 'starting':
    case 'processing':
      return { state: 'pending', progress: readProgress(logs) }
    case 'succeeded':
      return { state: 'completed', url: output ?? undefined }
    case 'failed':
      // The price is per second of output, and a failed prediction has none.
      return failedStatus('replicate', isModerationText(error) ? 'moderation' : 'unavailable', { billed: false })
    case 'canceled':
      // Replicate bills cancelled runs, but does not say how much of one that is priced by its output.
      return { state: 'cancelled' }
    case 'aborted':
      // Ended before it began, which Replicate does not bill.
      return { state: 'cancelled', billed: false }
  }
}

/** The response to a cancel is the prediction as it is then or, if it was over, possibly an error. */
function readCancellation(response: ProviderResponse): CancelOutcome | undefined {
  if ([400, 404, 409, 422].includes(response.status)) return 'unsupported'
  if (!isSuccess(response)) return undefined
  const status = readJson(Prediction)(response)?.status
  return status === 'succeeded' || status === 'failed' ? 'unsupported' : 'unknown'
}

/** 0 to 1 from the last progress line of the log, such as ` 40%|####      | 4/10`, if there is one. */
function readProgress(logs: string | null | undefined): number | undefined {
  const line = logs?.split('\n').findLast((candidate) => /^\s*\d+%\s*\|/.test(candidate))
  const percent = line === undefined ? undefined : Number.parseInt(line, 10)
  return percent === undefined || percent > 100 ? undefined : percent / 100
}
