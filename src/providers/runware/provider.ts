import { randomUUID } from 'node:crypto'

import type { ClipRequest } from '../../domain/clip-request.ts'
import type { Image } from '../../domain/image.ts'
import { MICRO_USD_PER_USD } from '../../domain/money.ts'
import { ProviderError } from '../../domain/provider-error.ts'
import { type Clock, wallClock } from '../../lib/clock.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import type { ProviderAccount } from '../descriptor.ts'
import { pricePerSecond } from '../pricing.ts'
import type {
  CallOptions,
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
import { failedStatus } from '../shared/failed-status.ts'
import { createProviderHttp, type ProviderContext, type ProviderHttp } from '../shared/http.ts'
import { isSuccess, type ProviderResponse, readJson, type ResponseReader } from '../shared/response.ts'
import { hasFailed, isAccepted, readPresence, readTaskFailure, runwareRejections, tasksOf } from './errors.ts'
import { sizeForAspect, sizeForImage } from './image-size.ts'
import { StoredMedia, StoredOperation } from './schemas.ts'
import { taskUuidOf } from './task-uuid.ts'
import { readRunwareWebhook } from './webhook.ts'

export interface RunwareAccount extends ProviderAccount<'api'> {
  /** 20 to 99; less is a smaller file. */
  quality: number
  /** Runware's own check of the clip, which it bills separately. */
  safety: 'none' | 'fast' | 'full'
}

/** How long the URL of a clip is valid. */
const clipLifetimeSeconds = 24 * 60 * 60
/** Runware does not say how long it remembers a task's id; within this time a second request is certain to be recognized as a repetition. */
const maxResendMs = 10 * 60_000

/** Runware over REST. Every body is a list of tasks, whose ids we choose; there is no cancel. Contract: docs/providers.md#runware */
export class RunwareProvider implements Provider {
  readonly id = 'runware'
  readonly capabilities = allCapabilities
  readonly price = pricePerSecond
  readonly #account: RunwareAccount
  readonly #http: ProviderHttp
  readonly #url: string
  readonly #clock: Clock

  constructor(account: RunwareAccount, context: ProviderContext) {
    const { origins } = account
    this.#account = account
    this.#url = `${origins.api}/v1`
    this.#clock = context.clock ?? wallClock
    const keyHeaders = { authorization: `Bearer ${account.apiKey}` }
    this.#http = createProviderHttp({ provider: this.id, origins: [origins.api], keyHeaders, rejections: runwareRejections('') }, context)
  }

  async prepare(image: Image, { signal }: CallOptions): Promise<HostedImage> {
    const media = `data:${image.mediaType};base64,${Buffer.from(image.bytes).toString('base64')}`
    let taskUUID = ''
    const mediaUUID = await this.#http.send({
      method: 'POST',
      url: this.#url,
      step: 'prepare',
      headers: { 'content-type': 'application/json' },
      body: () => {
        // Each attempt has an id of its own: the previous one may have been stored, and then its id is taken.
        taskUUID = randomUUID()
        return Buffer.from(JSON.stringify([{ taskType: 'mediaStorage', taskUUID, operation: 'upload', media }]))
      },
      signal,
      read: (response) => readJson(StoredMedia)(response)?.data.find((stored) => stored.taskUUID === taskUUID)?.mediaUUID,
      rejections: (response, now) => runwareRejections(taskUUID)(response, now),
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
      json: [{ ...this.#toTask(request, images), taskUUID: id, ...(webhookUrl !== undefined && { webhookURL: webhookUrl }) }],
      signal,
      read: (response) => isAccepted(id, response) || undefined,
      rejections: runwareRejections(id),
    })
    return { id }
  }

  async status(operation: Operation, { signal }: CallOptions): Promise<Status> {
    const { id } = StoredOperation.parse(operation)
    return this.#poll(id, (response) => readStatus(id, response), signal)
  }

  /** Sends the same task again while that is certain to be recognized as a repetition; after that it only asks for the task. */
  async recover(request: ClipRequest, images: HostedImages, lost: LostSubmission, { signal }: CallOptions): Promise<Operation | 'unknown'> {
    if (this.#clock.now() - lost.submittedAt <= maxResendMs) {
      try {
        return await this.start(request, images, { ...lost, signal })
      } catch (error) {
        // Whatever the repetition was refused for, the first request may have been accepted: only the task itself can tell.
        if (!(error instanceof ProviderError)) throw error
      }
    }
    const id = taskUuidOf(lost.attemptId)
    return (await this.#poll(id, (response) => readPresence(id, response), signal)) ? { id } : 'unknown'
  }

  verifyWebhook(delivery: WebhookDelivery): Promise<WebhookEvent> {
    return Promise.resolve().then(() => readRunwareWebhook(delivery))
  }

  #poll<T>(taskUUID: string, read: ResponseReader<T>, signal: AbortSignal): Promise<T> {
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

  /** What was not asked for is omitted and takes Runware's default. */
  #toTask(request: ClipRequest, { firstFrame, lastFrame }: HostedImages) {
    const { quality, safety } = this.#account
    const frameImages = [
      ...(firstFrame ? [{ image: firstFrame.url, frame: 'first' }] : []),
      ...(lastFrame ? [{ image: lastFrame.url, frame: 'last' }] : []),
    ]
    const size = request.firstFrame ? sizeForImage(request.firstFrame) : sizeForAspect(request.aspectRatio ?? '16:9')
    return {
      taskType: 'videoInference',
      model: 'klingai:6@1',
      positivePrompt: request.prompt,
      // Runware refuses an empty value, and its default is empty.
      ...(request.negativePrompt && { negativePrompt: request.negativePrompt }),
      ...size,
      duration: request.durationSeconds,
      // Runware refuses more than two decimals.
      ...(request.guidance !== undefined && { CFGScale: Math.round(request.guidance * 100) / 100 }),
      ...(frameImages.length > 0 && { inputs: { frameImages } }),
      deliveryMethod: 'async',
      outputType: 'URL',
      outputFormat: 'MP4',
      outputQuality: quality,
      ttl: clipLifetimeSeconds,
      includeCost: true,
      ...(safety !== 'none' && { safety: { checkContent: true, mode: safety } }),
    }
  }
}

function readStatus(taskUuid: string, response: ProviderResponse): Status | undefined {
  const tasks = isSuccess(response) ? tasksOf(taskUuid, response) : []
  const success = tasks.find((task) => task.status === 'success' || (task.videoURL && !hasFailed(task)))
  if (success) {
    if (!success.videoURL) return failedStatus('runware', 'output_gone', { billed: true })
    const cost = success.cost === null || success.cost === undefined ? undefined : Math.round(success.cost * MICRO_USD_PER_USD)
    return { state: 'completed', url: success.videoURL, cost, flagged: success.NSFWContent ?? undefined }
  }
  const failure = readTaskFailure(taskUuid, response)
  if (failure) return failure
  const [pending] = tasks
  return pending && { state: 'pending', ...(typeof pending.progress === 'number' && { progress: pending.progress / 100 }) }
}
