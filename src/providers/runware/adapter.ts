import { randomUUID } from 'node:crypto'

import type { Image } from '../../domain/image.ts'
import type { ClipRequest } from '../../domain/clip-request.ts'
import { type Clock, createClock } from '../../lib/clock.ts'
import { MICRO_USD_PER_USD } from '../../domain/money.ts'
import { ProviderError } from '../../domain/provider-error.ts'
import { type Answer, isSuccess, readJson } from '../shared/response.ts'
import { assertStartable } from '../capabilities.ts'
import { createProviderHttp, type ProviderHttp, type ProviderWire } from '../shared/http.ts'
import { pricePerSecond } from '../pricing.ts'
import type {
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
import { complaintsAbout, familyOf, hasFailed, outputGone, readPresence, readTaskFailure, runwareRejections, tasksOf } from './errors.ts'
import { sizeForAspect, sizeForImage } from './image-size.ts'
import { Stored, StoredOperation } from './schemas.ts'
import { taskUuidOf } from './task-uuid.ts'
import { readRunwareWebhook } from './webhook.ts'

export interface RunwareOptions extends ProviderWire {
  apiKey: string
  /** `https://api.runware.ai`, without the version of the API. */
  origins: { api: string }
  output?: Partial<RunwareOutput> | undefined
  /** Runware's own look at the clip; it has a price of its own. Off unless given. */
  safety?: { checkContent: boolean; mode?: 'none' | 'fast' | 'full' } | undefined
}

/** What the operator can choose of the file. */
export interface RunwareOutput {
  /** `MP4` unless given. */
  format: 'MP4' | 'WEBM' | 'MOV'
  /** 20 to 99; less is smaller. 95 unless given, which is Runware's own default. */
  quality: number
  /** How long the clip's URL lives, at least 60 seconds. A day unless given. */
  ttlSeconds: number
}

export const runwareCapabilities: Capabilities = {
  text: true,
  firstFrame: true,
  lastFrame: true,
  negativePrompt: true,
  guidance: true,
  cancel: false,
  webhook: 'url-token',
}

/** Runware does not say how long it remembers a task's id; for this long, sending it again is surely a repetition and not a second job. */
const longestResendMs = 10 * 60_000

/** Kling 2.5 Turbo Pro on Runware, over REST. Every body is a list of tasks, and we choose their ids. Contract: docs/providers.md#runware */
export class RunwareProvider implements Provider {
  readonly id = 'runware'
  readonly capabilities = runwareCapabilities
  readonly #http: ProviderHttp
  readonly #url: string
  readonly #clock: Clock
  readonly #output: RunwareOutput
  readonly #safety: RunwareOptions['safety']

  constructor({ apiKey, origins, output, safety, ...wire }: RunwareOptions) {
    this.#url = `${origins.api}/v1`
    this.#clock = wire.clock ?? createClock()
    this.#output = { format: 'MP4', quality: 95, ttlSeconds: 24 * 60 * 60, ...output }
    this.#safety = safety
    this.#http = createProviderHttp({
      ...wire,
      provider: 'runware',
      origins: [origins.api],
      keyHeaders: { authorization: `Bearer ${apiKey}` },
      rejections: runwareRejections(''),
    })
  }

  price(request: ClipRequest) {
    return pricePerSecond(request)
  }

  async prepare(image: Image, { signal }: { signal: AbortSignal }): Promise<HostedImage> {
    const media = `data:${image.mediaType};base64,${Buffer.from(image.bytes).toString('base64')}`
    let taskUUID = ''
    const mediaUUID = await this.#http.send({
      method: 'POST',
      url: this.#url,
      step: 'prepare',
      headers: { 'content-type': 'application/json' },
      body: () => {
        // A try of its own for each id: the one before may have been stored, and then its id is taken.
        taskUUID = randomUUID()
        return Buffer.from(JSON.stringify([{ taskType: 'mediaStorage', taskUUID, operation: 'upload', media }]))
      },
      signal,
      read: (answer) => readJson(Stored)(answer)?.data.find((stored) => stored.taskUUID === taskUUID)?.mediaUUID,
      rejections: (answer, now) => runwareRejections(taskUUID)(answer, now),
    })
    return { url: mediaUUID }
  }

  async start(request: ClipRequest, images: HostedImages, { attemptId, webhookUrl, signal }: StartOptions): Promise<Operation> {
    assertStartable(this, request, images)
    const id = taskUuidOf(attemptId)
    await this.#http.send({
      method: 'POST',
      url: this.#url,
      step: 'submit',
      json: [this.#toTask(id, request, images, webhookUrl)],
      signal,
      read: (answer) => isAccepted(id, answer) || undefined,
      rejections: runwareRejections(id),
    })
    return { id }
  }

  async status(operation: Operation, { signal }: { signal: AbortSignal }): Promise<Status> {
    const { id } = StoredOperation.parse(operation)
    return this.#ask(id, (answer) => readStatus(id, answer), signal)
  }

  /** Sends the same task again while that is surely a repetition: it is taken on, or refused because it already was. After that only asks for it. */
  async recover(
    request: ClipRequest,
    images: HostedImages,
    { attemptId, webhookUrl, submittedAt }: LostSubmission,
    { signal }: { signal: AbortSignal },
  ): Promise<Operation | 'unknown'> {
    if (this.#clock.now() - submittedAt <= longestResendMs) {
      try {
        return await this.start(request, images, { attemptId, webhookUrl, signal })
      } catch (error) {
        // Whatever this one was refused for, the first may have been accepted: only the task itself can tell.
        if (!(error instanceof ProviderError)) throw error
      }
    }
    const id = taskUuidOf(attemptId)
    return (await this.#ask(id, (answer) => readPresence(id, answer), signal)) ? { id } : 'unknown'
  }

  verifyWebhook(delivery: WebhookDelivery): Promise<WebhookEvent> {
    return Promise.resolve().then(() => readRunwareWebhook(delivery))
  }

  #ask<T>(taskUUID: string, read: (answer: Answer) => T | undefined, signal: AbortSignal): Promise<T> {
    return this.#http.send({
      method: 'POST',
      url: this.#url,
      step: 'follow',
      readsOnly: true,
      json: [{ taskType: 'getResponse', taskUUID }],
      signal,
      read,
      rejections: runwareRejections(taskUUID),
    })
  }

  /** What a member did not ask for is left out and keeps the provider's default. */
  #toTask(taskUUID: string, request: ClipRequest, { firstFrame, lastFrame }: HostedImages, webhookURL: string | undefined) {
    const frameImages = [
      ...(firstFrame ? [{ image: firstFrame.url, frame: 'first' }] : []),
      ...(lastFrame ? [{ image: lastFrame.url, frame: 'last' }] : []),
    ]
    const size = request.firstFrame ? sizeForImage(request.firstFrame) : sizeForAspect(request.aspectRatio ?? '16:9')
    return {
      taskType: 'videoInference',
      taskUUID,
      model: 'klingai:6@1',
      positivePrompt: request.prompt,
      // Empty is not a value here, and without one nothing is left out of the image either.
      ...(request.negativePrompt && { negativePrompt: request.negativePrompt }),
      ...size,
      duration: request.durationSeconds,
      // Steps of a hundredth; a finer value is refused.
      ...(request.guidance !== undefined && { CFGScale: Math.round(request.guidance * 100) / 100 }),
      ...(frameImages.length > 0 && { inputs: { frameImages } }),
      deliveryMethod: 'async',
      outputType: 'URL',
      outputFormat: this.#output.format,
      outputQuality: this.#output.quality,
      ttl: this.#output.ttlSeconds,
      includeCost: true,
      ...(this.#safety && { safety: this.#safety }),
      ...(webhookURL !== undefined && { webhookURL }),
    }
  }
}

/** Acknowledged, or refused because it was acknowledged before. */
function isAccepted(taskUuid: string, answer: Answer): boolean {
  const isAcknowledged = isSuccess(answer) && tasksOf(taskUuid, answer).some((task) => !hasFailed(task))
  return isAcknowledged || complaintsAbout(taskUuid, answer).some((complaint) => familyOf(complaint) === 'conflict')
}

function readStatus(taskUuid: string, answer: Answer): Status | undefined {
  const tasks = isSuccess(answer) ? tasksOf(taskUuid, answer) : []
  const success = tasks.find((task) => task.status === 'success' || (task.videoURL && !hasFailed(task)))
  if (success) {
    const cost = success.cost === null || success.cost === undefined ? undefined : Math.round(success.cost * MICRO_USD_PER_USD)
    if (!success.videoURL) return outputGone()
    return { state: 'completed', url: success.videoURL, cost, flagged: success.NSFWContent ?? undefined }
  }
  const failure = readTaskFailure(taskUuid, answer)
  if (failure) return failure
  const [pending] = tasks
  return pending && { state: 'pending', ...(typeof pending.progress === 'number' && { progress: pending.progress / 100 }) }
}
