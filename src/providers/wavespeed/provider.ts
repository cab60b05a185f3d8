import type { ClipRequest } from '../../domain/clip-request.ts'
import type { Image } from '../../domain/image.ts'
import type { MicroUsd } from '../../domain/money.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import type { ProviderAccount } from '../descriptor.ts'
import { microUsdPerSecond } from '../pricing.ts'
import type { CallOptions, HostedImage, HostedImages, Operation, Provider, StartOptions, Status, WebhookVerifier } from '../provider.ts'
import { failedStatus } from '../shared/failed-status.ts'
import { createProviderHttp, type ProviderContext, type ProviderHttp } from '../shared/http.ts'
import { imageFilename, putImage } from '../shared/image-upload.ts'
import { type ProviderResponse, readJson } from '../shared/response.ts'
import { readTaskFailure, readWaveSpeedRejection } from './errors.ts'
import { Created, Prediction, StoredOperation, UploadTicket } from './schemas.ts'
import { createWaveSpeedVerification } from './webhook.ts'

const minBilledSeconds = 5
/** Headers that HTTP itself sets; a signed upload does not depend on them, and undici refuses some. */
const connectionHeaders = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect'])

/** WaveSpeedAI. Responses are wrapped, webhooks are not; a failed task is HTTP 200; there is no cancel. Contract: docs/providers.md#wavespeed */
export class WaveSpeedProvider implements Provider {
  readonly id = 'wavespeed'
  readonly capabilities = allCapabilities
  readonly verifyWebhook: WebhookVerifier
  readonly #http: ProviderHttp
  readonly #api: string

  constructor({ apiKey, origins }: ProviderAccount<'api'>, context: ProviderContext) {
    this.#api = `${origins.api}/api/v3`
    const keyHeaders = { authorization: `Bearer ${apiKey}` }
    this.#http = createProviderHttp({ provider: this.id, origins: [origins.api], keyHeaders, rejections: readWaveSpeedRejection }, context)
    this.verifyWebhook = createWaveSpeedVerification(this.#http, this.#api)
  }

  /** Per started second, five at least. */
  price({ durationSeconds }: ClipRequest): MicroUsd {
    return Math.max(minBilledSeconds, Math.ceil(durationSeconds)) * microUsdPerSecond
  }

  async prepare(image: Image, { signal }: CallOptions): Promise<HostedImage> {
    const { download_url: downloadUrl, upload } = await this.#http.send({
      method: 'POST',
      url: `${this.#api}/media/uploads`,
      step: 'prepare',
      json: { filename: imageFilename(image), size: image.bytes.byteLength, content_type: image.mediaType },
      signal,
      read: readJson(UploadTicket),
    })
    const headers = Object.entries(upload.headers ?? {}).filter(([name]) => !connectionHeaders.has(name.toLowerCase()))
    await putImage(this.#http, image, { url: upload.url, headers: Object.fromEntries(headers), signal })
    return { url: downloadUrl }
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

  async status(operation: Operation, { signal }: CallOptions): Promise<Status> {
    const { id, resultUrl } = StoredOperation.parse(operation)
    const documented = `${this.#api}/predictions/${encodeURIComponent(id)}/result`
    // Only WaveSpeed's own address may receive the key.
    const url = resultUrl !== undefined && this.#http.isOwn(resultUrl) ? resultUrl : documented
    return this.#http.send({ method: 'GET', url, step: 'follow', signal, read: readStatus })
  }
}

/** What was not asked for is omitted and takes WaveSpeed's default. */
function toInput(request: ClipRequest, { firstFrame, lastFrame }: HostedImages) {
  return {
    prompt: request.prompt,
    duration: request.durationSeconds,
    ...(request.negativePrompt !== undefined && { negative_prompt: request.negativePrompt }),
    ...(request.guidance !== undefined && { guidance_scale: request.guidance }),
    ...(firstFrame && { image: firstFrame.url }),
    // Unknown fields are silently ignored, and other models of the family call this one `end_image`.
    ...(lastFrame && { last_image: lastFrame.url }),
    ...(!firstFrame && request.aspectRatio && { aspect_ratio: request.aspectRatio }),
  }
}

function readStatus(response: ProviderResponse): Status | undefined {
  const prediction = readJson(Prediction)(response)
  if (!prediction) return undefined
  switch (prediction.status) {
    case 'created':
    case 'processing':
      return { state: 'pending' }
    case 'completed': {
      const [url] = prediction.outputs ?? []
      if (url === undefined) return failedStatus('wavespeed', 'output_gone', { billed: true })
      return { state: 'completed', url, flagged: prediction.has_nsfw_contents?.includes(true) }
    }
    case 'failed':
    case 'timeout':
      return readTaskFailure(prediction)
    case 'cancelled':
      return { state: 'cancelled' }
    case 'deleted':
      return failedStatus('wavespeed', 'output_gone')
  }
}
