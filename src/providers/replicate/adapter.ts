import { FormData } from 'undici'

import type { Image } from '../../domain/image.ts'
import type { ClipRequest } from '../../domain/clip-request.ts'
import { type Answer, isSuccess, readJson } from '../shared/response.ts'
import { assertStartable } from '../capabilities.ts'
import { createProviderHttp, type ProviderHttp, type ProviderWire } from '../shared/http.ts'
import { pricePerSecond } from '../pricing.ts'
import type {
  CancelOutcome,
  Capabilities,
  HostedImage,
  HostedImages,
  LostSubmission,
  Operation,
  Provider,
  StartOptions,
  Status,
  WebhookDelivery,
  WebhookEvent,
} from '../provider.ts'
import { outputGone, predictionError, readReplicateRejection } from './errors.ts'
import { findLostPrediction } from './lost-prediction.ts'
import { CreatedPrediction, Prediction, StoredOperation, UploadedFile } from './schemas.ts'
import { createReplicateVerification } from './webhook.ts'

export interface ReplicateOptions extends ProviderWire {
  apiKey: string
  /** `https://api.replicate.com`, without the version of the API. */
  origins: { api: string }
}

export const replicateCapabilities: Capabilities = {
  text: true,
  firstFrame: true,
  lastFrame: true,
  negativePrompt: true,
  // Its current version of the model has no such input, and drops what it does not know.
  guidance: false,
  cancel: true,
  webhook: 'signed',
}

/** Kling 2.5 Turbo Pro on Replicate. Durations are integers; the output lives for an hour; no answer tells a cost. Contract: docs/providers.md#replicate */
export class ReplicateProvider implements Provider {
  readonly id = 'replicate'
  readonly capabilities = replicateCapabilities
  readonly #http: ProviderHttp
  readonly #api: string
  readonly #verify: (delivery: WebhookDelivery) => Promise<WebhookEvent>

  constructor({ apiKey, origins, ...wire }: ReplicateOptions) {
    this.#api = `${origins.api}/v1`
    this.#http = createProviderHttp({
      ...wire,
      provider: 'replicate',
      origins: [origins.api],
      keyHeaders: { authorization: `Bearer ${apiKey}` },
      rejections: readReplicateRejection,
    })
    this.#verify = createReplicateVerification(this.#http, this.#api)
  }

  price(request: ClipRequest) {
    return pricePerSecond(request)
  }

  async prepare(image: Image, { signal }: { signal: AbortSignal }): Promise<HostedImage> {
    const form = new FormData()
    const extension = image.mediaType === 'image/png' ? 'png' : 'jpg'
    form.append('content', new Blob([new Uint8Array(image.bytes)], { type: image.mediaType }), `${image.sha256}.${extension}`)
    form.append('metadata', new Blob(['{}'], { type: 'application/json' }))
    const read = readJson(UploadedFile)
    const file = await this.#http.send({ method: 'POST', url: `${this.#api}/files`, step: 'prepare', body: form, signal, read })
    return { url: file.urls.get }
  }

  async start(request: ClipRequest, images: HostedImages, { webhookUrl, signal }: StartOptions): Promise<Operation> {
    assertStartable(this, request, images)
    const { id } = await this.#http.send({
      method: 'POST',
      url: `${this.#api}/models/kwaivgi/kling-v2.5-turbo-pro/predictions`,
      step: 'submit',
      // No `Prefer`: it would hold the answer, and with it the id, until the job is half over.
      json: {
        input: toInput(request, images),
        ...(webhookUrl !== undefined && { webhook: webhookUrl, webhook_events_filter: ['completed'] }),
      },
      signal,
      read: readJson(CreatedPrediction),
    })
    return { id }
  }

  async status(operation: Operation, { signal }: { signal: AbortSignal }): Promise<Status> {
    const url = this.#prediction(operation)
    return toStatus(await this.#http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(Prediction) }))
  }

  async cancel(operation: Operation, { signal }: { signal: AbortSignal }): Promise<CancelOutcome> {
    const url = `${this.#prediction(operation)}/cancel`
    return this.#http.send({ method: 'POST', url, step: 'follow', signal, read: readCancellation })
  }

  recover(
    _request: ClipRequest,
    images: HostedImages,
    lost: LostSubmission,
    { signal }: { signal: AbortSignal },
  ): Promise<Operation | 'unknown'> {
    return findLostPrediction(this.#http, this.#api, { images, lost, signal })
  }

  verifyWebhook(delivery: WebhookDelivery): Promise<WebhookEvent> {
    return this.#verify(delivery)
  }

  #prediction(operation: Operation): string {
    return `${this.#api}/predictions/${encodeURIComponent(StoredOperation.parse(operation).id)}`
  }
}

/** What a member did not ask for is left out and keeps the provider's default. */
function toInput(request: ClipRequest, { firstFrame, lastFrame }: HostedImages) {
  return {
    prompt: request.prompt,
    duration: request.durationSeconds,
    ...(request.negativePrompt !== undefined && { negative_prompt: request.negativePrompt }),
    ...(firstFrame && { start_image: firstFrame.url }),
    ...(lastFrame && { end_image: lastFrame.url }),
    ...(!firstFrame && request.aspectRatio && { aspect_ratio: request.aspectRatio }),
  }
}

function toStatus(prediction: Prediction): Status {
  switch (prediction.status) {
    case 'starting':
    case 'processing':
      return { state: 'pending', progress: readProgress(prediction.logs) }
    case 'succeeded':
      if (prediction.output) return { state: 'completed', url: prediction.output }
      return { state: 'failed', error: outputGone(), billed: true }
    case 'failed':
      // The price is per second of output, and a failed prediction has none.
      return { state: 'failed', error: predictionError(prediction.error), billed: false }
    case 'canceled':
      // Replicate bills cancelled runs; how much of one that is priced by its output, it does not say.
      return { state: 'cancelled' }
    case 'aborted':
      // Ended before it began, which Replicate does not bill.
      return { state: 'cancelled', billed: false }
  }
}

/** The answer to a cancel is the prediction as it is then, or, if it was over, perhaps an error. */
function readCancellation(answer: Answer): CancelOutcome | undefined {
  if ([400, 404, 409, 422].includes(answer.status)) return 'unsupported'
  if (!isSuccess(answer)) return undefined
  const status = readJson(Prediction)(answer)?.status
  return status === 'succeeded' || status === 'failed' ? 'unsupported' : 'unknown'
}

/** 0 to 1 from the last progress line of a log, such as ` 40%|####      | 4/10`, where there is one. */
function readProgress(logs: string | null | undefined): number | undefined {
  const line = logs?.split('\n').findLast((candidate) => /^\s*\d+%\s*\|/.test(candidate))
  const percent = line === undefined ? undefined : Number.parseInt(line, 10)
  return percent === undefined || percent > 100 ? undefined : percent / 100
}
