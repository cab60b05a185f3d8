import type { Image } from '../../domain/image.ts'
import type { ClipRequest } from '../../domain/clip-request.ts'
import { MICRO_USD_PER_USD } from '../../domain/money.ts'
import { type Answer, isSuccess, readJson } from '../shared/response.ts'
import { assertStartable } from '../capabilities.ts'
import { createProviderHttp, type ProviderHttp, type ProviderWire } from '../shared/http.ts'
import { pricePerSecond } from '../pricing.ts'
import type {
  CancelOutcome,
  Capabilities,
  HostedImage,
  HostedImages,
  Operation,
  Provider,
  StartOptions,
  Status,
  WebhookDelivery,
  WebhookEvent,
} from '../provider.ts'
import { failureOf, outputGone, readEachlabsRejection } from './errors.ts'
import { Cancellation, Created, Output, Prediction, StoredOperation, UploadTicket } from './schemas.ts'
import { readEachlabsWebhook, webhookSecretOf } from './webhook.ts'

export interface EachlabsOptions extends ProviderWire {
  apiKey: string
  /** `https://api.eachlabs.ai`, without the version of the API. */
  origins: { api: string }
}

export const eachlabsCapabilities: Capabilities = {
  text: true,
  firstFrame: true,
  lastFrame: true,
  negativePrompt: true,
  guidance: true,
  cancel: true,
  webhook: 'url-token',
}

/** Images are needed until the clip is made; a day outlives any outage of ours worth planning for. */
const keptSeconds = 24 * 60 * 60

/** Kling 2.5 Turbo Pro on Eachlabs. Durations are strings; a poll and a webhook name states differently. Contract: docs/providers.md#eachlabs */
export class EachlabsProvider implements Provider {
  readonly id = 'eachlabs'
  readonly capabilities = eachlabsCapabilities
  readonly #http: ProviderHttp
  readonly #api: string
  readonly #webhookSecret: string

  constructor({ apiKey, origins, ...wire }: EachlabsOptions) {
    this.#api = `${origins.api}/v1`
    this.#webhookSecret = webhookSecretOf(apiKey)
    this.#http = createProviderHttp({
      ...wire,
      provider: 'eachlabs',
      origins: [origins.api],
      // Its pages name one or the other; each reads its own and passes over the second.
      keyHeaders: { authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey },
      rejections: readEachlabsRejection,
    })
  }

  price(request: ClipRequest) {
    return pricePerSecond(request)
  }

  async prepare(image: Image, { signal }: { signal: AbortSignal }): Promise<HostedImage> {
    const ticket = await this.#http.send({
      method: 'POST',
      url: `${this.#api}/upload/presign`,
      step: 'prepare',
      json: { content_type: image.mediaType, file_type: 'image', expires_in_seconds: keptSeconds },
      signal,
      read: readJson(UploadTicket),
    })
    const required = Object.entries(ticket.required_headers ?? {}).map(([name, value]) => [name.toLowerCase(), value] as const)
    await this.#http.send({
      method: 'PUT',
      url: ticket.presigned_url,
      step: 'prepare',
      credentials: 'none',
      headers: { 'content-type': image.mediaType, ...Object.fromEntries(required) },
      body: Buffer.from(image.bytes.buffer, image.bytes.byteOffset, image.bytes.byteLength),
      signal,
      read: (answer) => isSuccess(answer) || undefined,
    })
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

  async status(operation: Operation, { signal }: { signal: AbortSignal }): Promise<Status> {
    return this.#http.send({ method: 'GET', url: this.#prediction(operation), step: 'follow', signal, read: readStatus })
  }

  async cancel(operation: Operation, { signal }: { signal: AbortSignal }): Promise<CancelOutcome> {
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

/** What a member did not ask for is left out and keeps the provider's default: also the negative prompt, which is not empty there. */
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

function readStatus(answer: Answer): Status | undefined {
  const prediction = readJson(Prediction)(answer)
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
      return failureOf(prediction)
    case 'cancelled':
    case 'canceled':
      return { state: 'cancelled', billed: false }
  }
}

function readClip({ output, metrics }: Prediction): Status | undefined {
  if (output === null || output === undefined || output === '') return outputGone()
  const url = Output.safeParse(output).data
  // No clip is free: a cost of zero only means that it was not counted yet.
  return url === undefined
    ? undefined
    : { state: 'completed', url, cost: metrics?.cost ? Math.round(metrics.cost * MICRO_USD_PER_USD) : undefined }
}

/** A cancel is best effort: what runs upstream may go on and end either way. Only the last status tells. */
function readCancellation(answer: Answer): CancelOutcome | undefined {
  if ([400, 404, 409, 422].includes(answer.status)) return 'unsupported'
  if (!isSuccess(answer)) return undefined
  return Cancellation.safeParse(answer.body).data?.status === 'error' ? 'unsupported' : 'unknown'
}
