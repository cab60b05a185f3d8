import type { Image } from '../../domain/image.ts'
import type { ClipRequest } from '../../domain/clip-request.ts'
import { ProviderError } from '../../domain/provider-error.ts'
import { type Answer, isSuccess, parseJson, readJson } from '../shared/response.ts'
import { assertStartable } from '../capabilities.ts'
import { createProviderHttp, type ProviderHttp, type ProviderWire } from '../shared/http.ts'
import { microUsdPerSecond, pricePerSecond } from '../pricing.ts'
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
import { outputGone, readBillableUnits, readFalRejection, readJobFailure, readStatusFailure } from './errors.ts'
import { RequestStatus, Result, StoredOperation, Submitted, UploadTicket } from './schemas.ts'
import { createFalVerification } from './webhook.ts'

export interface FalOptions extends ProviderWire {
  apiKey: string
  /** `queue` takes the jobs (`https://queue.fal.run`), `storage` the images, and shows the keys of the webhooks (`https://rest.fal.ai`). */
  origins: { queue: string; storage: string }
}

export const falCapabilities: Capabilities = {
  text: true,
  firstFrame: true,
  lastFrame: true,
  negativePrompt: true,
  guidance: true,
  cancel: true,
  webhook: 'signed',
}

const model = 'fal-ai/kling-video/v2.5-turbo/pro'
/** A request is addressed by its owner and application alone: the rest of the model's path is left out. */
const application = 'fal-ai/kling-video'
/** Images and clips are needed until they are posted; a day outlives any outage of ours worth planning for. */
const lifecycle = JSON.stringify({ expiration_duration_seconds: 24 * 60 * 60 })

/** Kling 2.5 Turbo Pro on fal, by its queue. Durations are strings; `COMPLETED` may be a failure. Contract: docs/providers.md#fal */
export class FalProvider implements Provider {
  readonly id = 'fal'
  readonly capabilities = falCapabilities
  readonly #http: ProviderHttp
  readonly #origins: FalOptions['origins']
  readonly #verify: (delivery: WebhookDelivery) => Promise<WebhookEvent>

  constructor({ apiKey, origins, ...wire }: FalOptions) {
    this.#origins = origins
    const own = [origins.queue, origins.storage]
    this.#http = createProviderHttp({
      ...wire,
      provider: 'fal',
      origins: own,
      keyHeaders: { authorization: `Key ${apiKey}` },
      rejections: readFalRejection,
    })
    this.#verify = createFalVerification(this.#http, origins.storage)
  }

  price(request: ClipRequest) {
    return pricePerSecond(request)
  }

  async prepare(image: Image, { signal }: { signal: AbortSignal }): Promise<HostedImage> {
    const extension = image.mediaType === 'image/png' ? 'png' : 'jpg'
    const ticket = await this.#http.send({
      method: 'POST',
      url: `${this.#origins.storage}/storage/upload/initiate?storage_type=fal-cdn-v3`,
      step: 'prepare',
      headers: { 'x-fal-object-lifecycle': lifecycle },
      json: { content_type: image.mediaType, file_name: `${image.sha256}.${extension}` },
      signal,
      read: readJson(UploadTicket),
    })
    await this.#http.send({
      method: 'PUT',
      url: ticket.upload_url,
      step: 'prepare',
      credentials: 'none',
      headers: { 'content-type': image.mediaType },
      body: Buffer.from(image.bytes.buffer, image.bytes.byteOffset, image.bytes.byteLength),
      signal,
      read: (answer) => isSuccess(answer) || undefined,
    })
    return { url: ticket.file_url }
  }

  async start(request: ClipRequest, images: HostedImages, { webhookUrl, signal }: StartOptions): Promise<Operation> {
    assertStartable(this, request, images)
    const url = new URL(`${this.#origins.queue}/${model}/${images.firstFrame ? 'image-to-video' : 'text-to-video'}`)
    if (webhookUrl !== undefined) url.searchParams.set('fal_webhook', webhookUrl)
    const submitted = await this.#http.send({
      method: 'POST',
      url: url.href,
      step: 'submit',
      headers: {
        // Otherwise fal runs a failed job again by itself, or on another model, and the bill is ours.
        'x-fal-no-retry': '1',
        'x-app-fal-disable-fallback': 'true',
        'x-fal-object-lifecycle-preference': lifecycle,
      },
      json: toInput(request, images),
      signal,
      read: readJson(Submitted),
    })
    return {
      id: submitted.request_id,
      ...(submitted.status_url && { statusUrl: submitted.status_url }),
      ...(submitted.response_url && { responseUrl: submitted.response_url }),
      ...(submitted.cancel_url && { cancelUrl: submitted.cancel_url }),
    }
  }

  async status(operation: Operation, { signal }: { signal: AbortSignal }): Promise<Status> {
    const { status } = this.#urls(operation)
    const current = await this.#http.send({ method: 'GET', url: status, step: 'follow', signal, read: readJson(RequestStatus) })
    return this.#toStatus(operation, current, signal)
  }

  async *watch(operation: Operation, { signal }: { signal: AbortSignal }): AsyncGenerator<Status, void, undefined> {
    const url = new URL(this.#urls(operation).status)
    url.pathname += '/stream'
    for await (const event of this.#http.stream({ url: url.href, signal })) {
      const current = RequestStatus.safeParse(parseJson(event)).data
      if (!current) throw new ProviderError({ provider: 'fal', kind: 'unavailable', retryable: true })
      yield await this.#toStatus(operation, current, signal)
      if (current.status === 'COMPLETED') return
    }
  }

  async cancel(operation: Operation, { signal }: { signal: AbortSignal }): Promise<CancelOutcome> {
    const { cancel } = this.#urls(operation)
    // What is over or unknown (400, 404) can no longer be cancelled; what is running may go on to its end all the same.
    const read = (answer: Answer) => (isSuccess(answer) ? 'unknown' : isOver(answer) ? 'unsupported' : undefined)
    return this.#http.send<CancelOutcome>({ method: 'PUT', url: cancel, step: 'follow', signal, read })
  }

  verifyWebhook(delivery: WebhookDelivery): Promise<WebhookEvent> {
    return this.#verify(delivery)
  }

  async #toStatus(operation: Operation, current: RequestStatus, signal: AbortSignal): Promise<Status> {
    if (current.status !== 'COMPLETED') return { state: 'pending', position: current.queue_position ?? undefined }
    const told = readStatusFailure(current)
    try {
      const url = this.#urls(operation).response
      return await this.#http.send({ method: 'GET', url, step: 'follow', signal, read: (answer) => readResult(answer, told) })
    } catch (error) {
      // The result of a request that failed need not exist: then the status alone is fal's word.
      if (told && error instanceof ProviderError) return told
      throw error
    }
  }

  /** The URLs that fal gave, where they are fal's own (only then may they get the key), else the ones its documentation describes. */
  #urls(operation: Operation): { status: string; response: string; cancel: string } {
    const { id, statusUrl, responseUrl, cancelUrl } = StoredOperation.parse(operation)
    const request = `${this.#origins.queue}/${application}/requests/${encodeURIComponent(id)}`
    const choose = (given: string | undefined, known: string) => (given !== undefined && this.#http.isOwn(given) ? given : known)
    return {
      status: choose(statusUrl, `${request}/status`),
      response: choose(responseUrl, request),
      cancel: choose(cancelUrl, `${request}/cancel`),
    }
  }
}

/** What a member did not ask for is left out and keeps fal's default: also the negative prompt, which is not empty there. */
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

function readResult(answer: Answer, told: Status | undefined): Status | undefined {
  const result = readJson(Result)(answer)
  if (result) {
    const units = readBillableUnits(answer)
    return { state: 'completed', url: result.video.url, cost: units === undefined ? undefined : Math.round(units * microUsdPerSecond) }
  }
  if (answer.status === 400 && /still in progress/i.test(JSON.stringify(answer.body ?? ''))) return { state: 'pending' }
  const failure = readJobFailure(answer)
  if (failure) return failure
  return answer.status === 404 ? (told ?? outputGone(answer)) : undefined
}

function isOver({ status, body }: Answer): boolean {
  return status === 404 || (status === 400 && /"ALREADY_COMPLETED"/.test(JSON.stringify(body ?? '')))
}
