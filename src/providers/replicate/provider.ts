import { FormData } from 'undici'

import type { ClipRequest } from '../../domain/clip-request.ts'
import type { Image } from '../../domain/image.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import type { ProviderAccount } from '../descriptor.ts'
import { pricePerSecond } from '../pricing.ts'
import type {
  CallOptions,
  CancelOutcome,
  Capabilities,
  HostedImage,
  HostedImages,
  LostSubmission,
  Operation,
  Provider,
  StartOptions,
  Status,
  WebhookVerifier,
} from '../provider.ts'
import { failedStatus } from '../shared/failed-status.ts'
import { createProviderHttp, type ProviderContext, type ProviderHttp } from '../shared/http.ts'
import { imageFilename } from '../shared/image-upload.ts'
import { isModerationText } from '../shared/moderation.ts'
import { isSuccess, type ProviderResponse, readJson } from '../shared/response.ts'
import { readReplicateRejection } from './errors.ts'
import { findLostPrediction } from './lost-prediction.ts'
import { CreatedPrediction, Prediction, StoredOperation, UploadedFile } from './schemas.ts'
import { createReplicateVerification } from './webhook.ts'

/** The current version of the model has no guidance input, and ignores unknown fields. */
export const replicateCapabilities: Capabilities = { ...allCapabilities, guidance: false }

/** Replicate's predictions API. Durations are integers; outputs last an hour; costs are not reported. Contract: docs/providers.md#replicate */
export class ReplicateProvider implements Provider {
  readonly id = 'replicate'
  readonly capabilities = replicateCapabilities
  readonly price = pricePerSecond
  readonly verifyWebhook: WebhookVerifier
  readonly #http: ProviderHttp
  readonly #api: string

  constructor({ apiKey, origins }: ProviderAccount<'api'>, context: ProviderContext) {
    this.#api = `${origins.api}/v1`
    const keyHeaders = { authorization: `Bearer ${apiKey}` }
    this.#http = createProviderHttp({ provider: this.id, origins: [origins.api], keyHeaders, rejections: readReplicateRejection }, context)
    this.verifyWebhook = createReplicateVerification(this.#http, this.#api)
  }

  async prepare(image: Image, { signal }: CallOptions): Promise<HostedImage> {
    const form = new FormData()
    form.append('content', new Blob([new Uint8Array(image.bytes)], { type: image.mediaType }), imageFilename(image))
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
      // No `Prefer`: it would delay the response, and with it the id.
      json: {
        input: toInput(request, images),
        ...(webhookUrl !== undefined && { webhook: webhookUrl, webhook_events_filter: ['completed'] }),
      },
      signal,
      read: readJson(CreatedPrediction),
    })
    return { id }
  }

  async status(operation: Operation, { signal }: CallOptions): Promise<Status> {
    const url = this.#prediction(operation)
    return toStatus(await this.#http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(Prediction) }))
  }

  async cancel(operation: Operation, { signal }: CallOptions): Promise<CancelOutcome> {
    const url = `${this.#prediction(operation)}/cancel`
    return this.#http.send({ method: 'POST', url, step: 'follow', signal, read: readCancellation })
  }

  recover(_request: ClipRequest, images: HostedImages, lost: LostSubmission, { signal }: CallOptions): Promise<Operation | 'unknown'> {
    return findLostPrediction(this.#http, this.#api, { images, lost, signal })
  }

  #prediction(operation: Operation): string {
    return `${this.#api}/predictions/${encodeURIComponent(StoredOperation.parse(operation).id)}`
  }
}

/** What was not asked for is omitted and takes Replicate's default. */
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

function toStatus({ status, output, error, logs }: Prediction): Status {
  switch (status) {
    case 'starting':
    case 'processing':
      return { state: 'pending', progress: readProgress(logs) }
    case 'succeeded':
      return output ? { state: 'completed', url: output } : failedStatus('replicate', 'output_gone', { billed: true })
    case 'failed':
      // The price is per second of output, and a failed prediction has none.
      return failedStatus('replicate', isModerationText(error ?? '') ? 'moderation' : 'unavailable', { billed: false })
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
