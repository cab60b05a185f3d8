import type { ClipRequest } from '../../domain/clip-request.ts'
import type { Image } from '../../domain/image.ts'
import { MICRO_USD_PER_USD } from '../../domain/money.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import type { ProviderAccount } from '../descriptor.ts'
import { pricePerSecond } from '../pricing.ts'
import type {
  CallOptions,
  CancelOutcome,
  HostedImage,
  HostedImages,
  Operation,
  Provider,
  StartOptions,
  Status,
  WebhookDelivery,
  WebhookEvent,
} from '../provider.ts'
import { failedStatus } from '../shared/failed-status.ts'
import { createProviderHttp, type ProviderContext, type ProviderHttp } from '../shared/http.ts'
import { putImage } from '../shared/image-upload.ts'
import { isSuccess, type ProviderResponse, readJson } from '../shared/response.ts'
import { readEachlabsRejection, readJobFailure } from './errors.ts'
import { Cancellation, Created, Output, Prediction, StoredOperation, UploadTicket } from './schemas.ts'
import { readEachlabsWebhook, webhookSecretOf } from './webhook.ts'

/** Images are needed until the clip is made; a day outlasts any outage worth planning for. */
const imageLifetimeSeconds = 24 * 60 * 60

/** Eachlabs. Durations are strings; polls and webhooks use different words for the same states. Contract: docs/providers.md#eachlabs */
export class EachlabsProvider implements Provider {
  readonly id = 'eachlabs'
  readonly capabilities = allCapabilities
  readonly price = pricePerSecond
  readonly #http: ProviderHttp
  readonly #api: string
  readonly #webhookSecret: string

  constructor({ apiKey, origins }: ProviderAccount<'api'>, context: ProviderContext) {
    this.#api = `${origins.api}/v1`
    this.#webhookSecret = webhookSecretOf(apiKey)
    // The documentation names either header; the service ignores the one that it does not read.
    const keyHeaders = { authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey }
    this.#http = createProviderHttp({ provider: this.id, origins: [origins.api], keyHeaders, rejections: readEachlabsRejection }, context)
  }

  async prepare(image: Image, { signal }: CallOptions): Promise<HostedImage> {
    const ticket = await this.#http.send({
      method: 'POST',
      url: `${this.#api}/upload/presign`,
      step: 'prepare',
      json: { content_type: image.mediaType, file_type: 'image', expires_in_seconds: imageLifetimeSeconds },
      signal,
      read: readJson(UploadTicket),
    })
    const required = Object.entries(ticket.required_headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
    const headers = { 'content-type': image.mediaType, ...Object.fromEntries(required) }
    await putImage(this.#http, image, { url: ticket.presigned_url, headers, signal })
    return { url: ticket.public_url }
  }

  async start(request: ClipRequest, images: HostedImages, { webhookUrl, signal }: StartOptions): Promise<Operation> {
    assertStartable(this, request, images)
    const id = await this.#http.send({
      method: 'POST',
      url: `${this.#api}/prediction`,
      step: 'submit',
      json: {
        model: `kling-v2-5-turbo-pro-${images.firstFrame ? 'image' : 'text'}-to-video`,
        version: '0.0.1',
        input: toInput(request, images),
        ...(webhookUrl !== undefined && { webhook_url: webhookUrl, webhook_secret: this.#webhookSecret }),
      },
      signal,
      read: readJson(Created),
    })
    return { id }
  }

  async status(operation: Operation, { signal }: CallOptions): Promise<Status> {
    return this.#http.send({ method: 'GET', url: this.#prediction(operation), step: 'follow', signal, read: readStatus })
  }

  async cancel(operation: Operation, { signal }: CallOptions): Promise<CancelOutcome> {
    const url = `${this.#prediction(operation)}/cancel`
    return this.#http.send({ method: 'POST', url, step: 'follow', signal, read: readCancellation })
  }

  verifyWebhook(delivery: WebhookDelivery): Promise<WebhookEvent> {
    return Promise.resolve().then(() => readEachlabsWebhook(delivery, this.#webhookSecret))
  }

  #prediction(operation: Operation): string {
    return `${this.#api}/prediction/${encodeURIComponent(StoredOperation.parse(operation).id)}`
  }
}

/** What was not asked for is omitted and takes Eachlabs' default: also the negative prompt, whose default is not empty. */
function toInput(request: ClipRequest, { firstFrame, lastFrame }: HostedImages) {
  return {
    prompt: request.prompt,
    duration: String(request.durationSeconds),
    ...(request.negativePrompt !== undefined && { negative_prompt: request.negativePrompt }),
    ...(request.guidance !== undefined && { cfg_scale: request.guidance }),
    ...(firstFrame && { image_url: firstFrame.url }),
    ...(lastFrame && { tail_image_url: lastFrame.url }),
    ...(!firstFrame && request.aspectRatio && { aspect_ratio: request.aspectRatio }),
  }
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
  if (output === null || output === undefined || output === '') return failedStatus('eachlabs', 'output_gone', { billed: true })
  const url = Output.safeParse(output).data
  if (url === undefined) return undefined
  // No clip is free: a cost of zero only means that it has not been calculated yet.
  return { state: 'completed', url, cost: metrics?.cost ? Math.round(metrics.cost * MICRO_USD_PER_USD) : undefined }
}

/** A cancel is best effort: the upstream job may still finish. Only the final status tells. */
function readCancellation(response: ProviderResponse): CancelOutcome | undefined {
  if ([400, 404, 409, 422].includes(response.status)) return 'unsupported'
  if (!isSuccess(response)) return undefined
  return Cancellation.safeParse(response.body).data?.status === 'error' ? 'unsupported' : 'unknown'
}
