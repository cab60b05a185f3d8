import { createHmac } from 'node:crypto'

import { MICRO_USD_PER_USD } from '../../domain/money.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import { pricePerSecond, type ProviderAccount } from '../descriptor.ts'
import { type CancelOutcome, type Provider, type Status, WebhookRejected } from '../provider.ts'
import { assertCredit } from '../shared/credit.ts'
import { createProviderHttp, type ProviderContext } from '../shared/http.ts'
import { putImage } from '../shared/image-upload.ts'
import { falInput } from '../shared/input.ts'
import { isSuccess, type ProviderResponse, readJson } from '../shared/response.ts'
import { hmacSha256, isSame, readWebhookBody } from '../shared/webhook-signature.ts'
import { readEachlabsRejection, readJobFailure } from './errors.ts'
import { Balance, Cancellation, Created, Output, Prediction, UploadTicket, WebhookBody } from './schemas.ts'

const traits = { id: 'eachlabs', capabilities: allCapabilities, price: pricePerSecond }
/** Images are needed until the clip is made; a day outlasts any outage worth planning for. */
const imageLifetimeSeconds = 24 * 60 * 60

/** Eachlabs. Durations are strings; polls and webhooks use different words for the same states. Contract: docs/providers.md#eachlabs */
export function createEachlabs({ apiKey, origins }: ProviderAccount<'api'>, context: ProviderContext) {
  const api = `${origins.api}/v1`
  // The documentation names either header; the service ignores the one that it does not read.
  const keyHeaders = { authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey }
  const http = createProviderHttp({ provider: 'eachlabs', origins: [origins.api], keyHeaders, rejections: readEachlabsRejection }, context)
  /** The secret that Eachlabs is asked to echo: the same after a restart, and it reveals nothing of the key that it is derived from. */
  const webhookSecret = createHmac('sha256', apiKey).update('rushes webhooks from eachlabs').digest('hex')
  const urlOf = (id: string) => `${api}/prediction/${encodeURIComponent(id)}`

  return {
    ...traits,

    async prepare(image, { signal }) {
      const ticket = await http.send({
        method: 'POST',
        url: `${api}/upload/presign`,
        step: 'prepare',
        json: { content_type: image.mediaType, file_type: 'image', expires_in_seconds: imageLifetimeSeconds },
        signal,
        read: readJson(UploadTicket),
      })
      const required = Object.entries(ticket.required_headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
      const headers = { 'content-type': image.mediaType, ...Object.fromEntries(required) }
      await putImage(http, image, { url: ticket.presigned_url, headers, signal })
      return { url: ticket.public_url }
    },

    async start(request, images, { webhookUrl, signal }) {
      assertStartable(traits, request, images)
      const id = await http.send({
        method: 'POST',
        // With the slash, as the model's page prints it: a redirect of the billable call would be a lost answer.
        url: `${api}/prediction/`,
        step: 'submit',
        json: {
          model: `kling-v2-5-turbo-pro-${images.firstFrame ? 'image' : 'text'}-to-video`,
          version: '0.0.1',
          input: falInput(request, images),
          ...(webhookUrl !== undefined && { webhook_url: webhookUrl, webhook_secret: webhookSecret }),
        },
        signal,
        read: readJson(Created),
      })
      return { id }
    },

    async probe({ signal }) {
      const url = `${api}/billing/balance`
      const { balance_usd: balance } = await http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(Balance) })
      assertCredit(traits, balance)
    },

    status: ({ id }, { signal }) => http.send({ method: 'GET', url: urlOf(id), step: 'follow', signal, read: readStatus }),

    cancel: ({ id }, { signal }) =>
      http.send({ method: 'POST', url: `${urlOf(id)}/cancel`, step: 'follow', signal, read: readCancellation }),

    /**
     * Eachlabs echoes the secret or signs the body with it: its documentation contradicts itself, and one page does not mention the header. So a header
     * that fits neither is refused, but a missing one proves nothing: the caller has checked the attempt's unguessable URL, and the state is read with
     * `status`.
     */
    async verifyWebhook({ headers, rawBody }) {
      const header = headers['x-webhook-secret']
      if (header !== undefined && !fits(header, rawBody, webhookSecret)) throw new WebhookRejected('forged')
      const body = await Promise.resolve(readWebhookBody(WebhookBody, rawBody))
      const id = body.exec_id ?? body.predictionID ?? body.id
      if (!id) throw new WebhookRejected('unreadable')
      return { operation: { id }, deliveryId: `${id}:${body.status ?? ''}` }
    },
  } satisfies Provider
}

function readStatus(response: ProviderResponse): Status | undefined {
  const prediction = readJson(Prediction)(response)
  if (!prediction) return undefined
  switch (prediction.status) {
    case 'created':
    case 'queued':
    case 'starting':
    case 'processing':
      return { state: 'pending' }
    case 'success':
    case 'succeeded':
      return readClip(prediction)
    case 'error':
    case 'failed':
      return readJobFailure(prediction)
    case 'cancelled':
    case 'canceled':
      return { state: 'cancelled', billed: false }
  }
}

function readClip({ output, metrics }: Prediction): Status | undefined {
  const isMissing = output === null || output === undefined || output === ''
  const url = isMissing ? undefined : Output.safeParse(output).data
  if (!isMissing && url === undefined) return undefined
  const printed = metrics?.cost ?? 0
  // No clip is free: a cost of zero, also as a text, only means that it has not been calculated yet.
  return { state: 'completed', url, cost: Number(printed) === 0 ? undefined : { printed, unit: MICRO_USD_PER_USD } }
}

/** A cancel is best effort: the upstream job may still finish. Only the final status says what became of it. */
function readCancellation(response: ProviderResponse): CancelOutcome | undefined {
  if ([400, 404, 409, 422].includes(response.status)) return 'unsupported'
  if (!isSuccess(response)) return undefined
  return Cancellation.safeParse(response.body).data?.status === 'error' ? 'unsupported' : 'unknown'
}

function fits(header: string, rawBody: Uint8Array, secret: string): boolean {
  const signature = hmacSha256(Buffer.from(secret), rawBody).toString('hex')
  const given = Buffer.from(header.replace(/^sha256=/, ''))
  return [secret, signature].some((expected) => isSame(given, Buffer.from(expected)))
}
