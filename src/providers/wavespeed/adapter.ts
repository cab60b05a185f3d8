import type { Image } from '../../domain/image.ts'
import type { ClipRequest } from '../../domain/clip-request.ts'
import type { MicroUsd } from '../../domain/money.ts'
import { type Answer, isSuccess, readJson } from '../shared/response.ts'
import { assertStartable } from '../capabilities.ts'
import { createProviderHttp, type ProviderHttp, type ProviderWire } from '../shared/http.ts'
import { microUsdPerSecond } from '../pricing.ts'
import type {
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
import { failureOf, outputGone, readWaveSpeedRejection } from './errors.ts'
import { Created, Prediction, StoredOperation, UploadTicket } from './schemas.ts'
import { createWaveSpeedVerification } from './webhook.ts'

export interface WaveSpeedOptions extends ProviderWire {
  apiKey: string
  /** `https://api.wavespeed.ai`, without the version of the API. */
  origins: { api: string }
}

export const waveSpeedCapabilities: Capabilities = {
  text: true,
  firstFrame: true,
  lastFrame: true,
  negativePrompt: true,
  guidance: true,
  // Nothing is documented but the deletion of a record, and nobody says what that does to a task that runs, or to its bill.
  cancel: false,
  webhook: 'signed',
}

const shortestBilledSeconds = 5
/** What HTTP itself decides; a signed upload does not need them repeated, and undici refuses some of them. */
const connectionHeaders = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect'])

/** Kling 2.5 Turbo Pro on WaveSpeedAI. Answers are wrapped, webhooks are not; a failed task is HTTP 200. Contract: docs/providers.md#wavespeed */
export class WaveSpeedProvider implements Provider {
  readonly id = 'wavespeed'
  readonly capabilities = waveSpeedCapabilities
  readonly #http: ProviderHttp
  readonly #api: string
  readonly #verify: (delivery: WebhookDelivery) => Promise<WebhookEvent>

  constructor({ apiKey, origins, ...wire }: WaveSpeedOptions) {
    this.#api = `${origins.api}/api/v3`
    this.#http = createProviderHttp({
      ...wire,
      provider: 'wavespeed',
      origins: [origins.api],
      keyHeaders: { authorization: `Bearer ${apiKey}` },
      rejections: readWaveSpeedRejection,
    })
    this.#verify = createWaveSpeedVerification(this.#http, this.#api)
  }

  /** Per second, begun seconds count, and never less than five. */
  price({ durationSeconds }: ClipRequest): MicroUsd {
    return Math.max(shortestBilledSeconds, Math.ceil(durationSeconds)) * microUsdPerSecond
  }

  async prepare(image: Image, { signal }: { signal: AbortSignal }): Promise<HostedImage> {
    const extension = image.mediaType === 'image/png' ? 'png' : 'jpg'
    const ticket = await this.#http.send({
      method: 'POST',
      url: `${this.#api}/media/uploads`,
      step: 'prepare',
      json: { filename: `${image.sha256}.${extension}`, size: image.bytes.byteLength, content_type: image.mediaType },
      signal,
      read: readJson(UploadTicket),
    })
    const headers = Object.entries(ticket.upload.headers ?? {}).filter(([name]) => !connectionHeaders.has(name.toLowerCase()))
    await this.#http.send({
      method: 'PUT',
      url: ticket.upload.url,
      step: 'prepare',
      credentials: 'none',
      headers: Object.fromEntries(headers),
      body: Buffer.from(image.bytes.buffer, image.bytes.byteOffset, image.bytes.byteLength),
      signal,
      read: (answer) => isSuccess(answer) || undefined,
    })
    return { url: ticket.download_url }
  }

  async start(request: ClipRequest, images: HostedImages, { webhookUrl, signal }: StartOptions): Promise<Operation> {
    assertStartable(this, request, images)
    const url = new URL(`${this.#api}/kwaivgi/kling-v2.5-turbo-pro/${images.firstFrame ? 'image-to-video' : 'text-to-video'}`)
    if (webhookUrl !== undefined) url.searchParams.set('webhook', webhookUrl)
    const { data: created } = await this.#http.send({
      method: 'POST',
      url: url.href,
      step: 'submit',
      json: toInput(request, images),
      signal,
      read: readJson(Created),
    })
    return { id: created.id, ...(created.urls?.get && { resultUrl: created.urls.get }) }
  }

  async status(operation: Operation, { signal }: { signal: AbortSignal }): Promise<Status> {
    const { id, resultUrl } = StoredOperation.parse(operation)
    const known = `${this.#api}/predictions/${encodeURIComponent(id)}/result`
    // Only WaveSpeed's own address may get the key.
    const url = resultUrl !== undefined && this.#http.isOwn(resultUrl) ? resultUrl : known
    return this.#http.send({ method: 'GET', url, step: 'follow', signal, read: readStatus })
  }

  verifyWebhook(delivery: WebhookDelivery): Promise<WebhookEvent> {
    return this.#verify(delivery)
  }
}

/** What a member did not ask for is left out and keeps the provider's default. */
function toInput(request: ClipRequest, { firstFrame, lastFrame }: HostedImages) {
  return {
    prompt: request.prompt,
    duration: request.durationSeconds,
    ...(request.negativePrompt !== undefined && { negative_prompt: request.negativePrompt }),
    ...(request.guidance !== undefined && { guidance_scale: request.guidance }),
    ...(firstFrame && { image: firstFrame.url }),
    // Fields that the model does not know are dropped in silence: other models of the family call this one `end_image`.
    ...(lastFrame && { last_image: lastFrame.url }),
    ...(!firstFrame && request.aspectRatio && { aspect_ratio: request.aspectRatio }),
  }
}

function readStatus(answer: Answer): Status | undefined {
  const prediction = readJson(Prediction)(answer)
  if (!prediction) return undefined
  switch (prediction.status) {
    case 'created':
    case 'processing':
      return { state: 'pending' }
    case 'completed': {
      const [url] = prediction.outputs ?? []
      if (url === undefined) return outputGone(true)
      return { state: 'completed', url, flagged: prediction.has_nsfw_contents?.includes(true) }
    }
    case 'failed':
    case 'timeout':
      return failureOf(prediction)
    case 'cancelled':
      return { state: 'cancelled' }
    case 'deleted':
      return outputGone(undefined)
  }
}
