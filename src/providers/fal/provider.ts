import type { ClipRequest } from '../../domain/clip-request.ts'
import type { Image } from '../../domain/image.ts'
import { ProviderError } from '../../domain/provider-error.ts'
import { parseJson } from '../../lib/parse-json.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import type { ProviderAccount } from '../descriptor.ts'
import { microUsdPerSecond, pricePerSecond } from '../pricing.ts'
import type {
  CallOptions,
  CancelOutcome,
  HostedImage,
  HostedImages,
  Operation,
  Provider,
  StartOptions,
  Status,
  WebhookVerifier,
} from '../provider.ts'
import { createProviderHttp, type ProviderContext, type ProviderHttp } from '../shared/http.ts'
import { imageFilename, putImage } from '../shared/image-upload.ts'
import { isSuccess, type ProviderResponse, readJson } from '../shared/response.ts'
import { outputGone, readBillableUnits, readFalRejection, readJobFailure, readStatusFailure } from './errors.ts'
import { RequestStatus, Result, StoredOperation, Submitted, UploadTicket } from './schemas.ts'
import { createFalVerification } from './webhook.ts'

const model = 'fal-ai/kling-video/v2.5-turbo/pro'
/** A request is addressed by owner and application alone, without the rest of the model's path. */
const application = 'fal-ai/kling-video'
/** Images and clips are needed until the clip is posted; a day outlasts any outage worth planning for. */
const lifecycle = JSON.stringify({ expiration_duration_seconds: 24 * 60 * 60 })

/** fal's queue API. Durations are strings; `COMPLETED` may be a failure. Contract: docs/providers.md#fal */
export class FalProvider implements Provider {
  readonly id = 'fal'
  readonly capabilities = allCapabilities
  readonly price = pricePerSecond
  readonly verifyWebhook: WebhookVerifier
  readonly #http: ProviderHttp
  readonly #origins: ProviderAccount<'queue' | 'rest'>['origins']

  constructor({ apiKey, origins }: ProviderAccount<'queue' | 'rest'>, context: ProviderContext) {
    this.#origins = origins
    const keyHeaders = { authorization: `Key ${apiKey}` }
    const own = [origins.queue, origins.rest]
    this.#http = createProviderHttp({ provider: this.id, origins: own, keyHeaders, rejections: readFalRejection }, context)
    this.verifyWebhook = createFalVerification(this.#http, origins.rest)
  }

  async prepare(image: Image, { signal }: CallOptions): Promise<HostedImage> {
    const ticket = await this.#http.send({
      method: 'POST',
      url: `${this.#origins.rest}/storage/upload/initiate?storage_type=fal-cdn-v3`,
      step: 'prepare',
      headers: { 'x-fal-object-lifecycle': lifecycle },
      json: { content_type: image.mediaType, file_name: imageFilename(image) },
      signal,
      read: readJson(UploadTicket),
    })
    await putImage(this.#http, image, { url: ticket.upload_url, headers: { 'content-type': image.mediaType }, signal })
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
        // Otherwise fal reruns a failed job by itself, or runs it on another model, at our cost.
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

  async status(operation: Operation, { signal }: CallOptions): Promise<Status> {
    const { status } = this.#urls(operation)
    const current = await this.#http.send({ method: 'GET', url: status, step: 'follow', signal, read: readJson(RequestStatus) })
    return this.#toStatus(operation, current, signal)
  }

  async *watch(operation: Operation, { signal }: CallOptions): AsyncGenerator<Status, void, undefined> {
    const url = new URL(this.#urls(operation).status)
    url.pathname += '/stream'
    for await (const event of this.#http.stream({ url: url.href, signal })) {
      const current = RequestStatus.safeParse(parseJson(event)).data
      if (!current) throw new ProviderError({ provider: this.id, kind: 'unavailable', retryable: true })
      yield await this.#toStatus(operation, current, signal)
      if (current.status === 'COMPLETED') return
    }
  }

  async cancel(operation: Operation, { signal }: CallOptions): Promise<CancelOutcome> {
    const { cancel } = this.#urls(operation)
    // A job that is over or unknown (400, 404) cannot be cancelled; a running one may still finish after the cancel is accepted.
    const read = (response: ProviderResponse) => (isSuccess(response) ? 'unknown' : isOver(response) ? 'unsupported' : undefined)
    return this.#http.send<CancelOutcome>({ method: 'PUT', url: cancel, step: 'follow', signal, read })
  }

  async #toStatus(operation: Operation, current: RequestStatus, signal: AbortSignal): Promise<Status> {
    if (current.status !== 'COMPLETED') return { state: 'pending', position: current.queue_position ?? undefined }
    const reported = readStatusFailure(current)
    try {
      const url = this.#urls(operation).response
      return await this.#http.send({ method: 'GET', url, step: 'follow', signal, read: (response) => readResult(response, reported) })
    } catch (error) {
      // A failed request need not have a result: then the status alone decides.
      if (reported && error instanceof ProviderError) return reported
      throw error
    }
  }

  /** The URLs that fal returned, where they are fal's own (only then may they receive the key), else those of its documentation. */
  #urls(operation: Operation): { status: string; response: string; cancel: string } {
    const { id, statusUrl, responseUrl, cancelUrl } = StoredOperation.parse(operation)
    const request = `${this.#origins.queue}/${application}/requests/${encodeURIComponent(id)}`
    const choose = (returned: string | undefined, documented: string) =>
      returned !== undefined && this.#http.isOwn(returned) ? returned : documented
    return {
      status: choose(statusUrl, `${request}/status`),
      response: choose(responseUrl, request),
      cancel: choose(cancelUrl, `${request}/cancel`),
    }
  }
}

/** What was not asked for is omitted and takes fal's default: also the negative prompt, whose default is not empty. */
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

function readResult(response: ProviderResponse, reported: Status | undefined): Status | undefined {
  const result = readJson(Result)(response)
  if (result) {
    const units = readBillableUnits(response)
    return { state: 'completed', url: result.video.url, cost: units === undefined ? undefined : Math.round(units * microUsdPerSecond) }
  }
  if (response.status === 400 && /still in progress/i.test(JSON.stringify(response.body ?? ''))) return { state: 'pending' }
  const failure = readJobFailure(response)
  if (failure) return failure
  return response.status === 404 ? (reported ?? outputGone(response)) : undefined
}

function isOver({ status, body }: ProviderResponse): boolean {
  return status === 404 || (status === 400 && /"ALREADY_COMPLETED"/.test(JSON.stringify(body ?? '')))
}
