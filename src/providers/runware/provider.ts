import { randomUUID } from 'node:crypto'

import type { ClipRequest } from '../../domain/clip-request.ts'
import { MICRO_USD_PER_USD } from '../../domain/money.ts'
import { ProviderError } from '../../domain/provider-error.ts'
import { wallClock } from '../../lib/clock.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import { pricePerSecond, type ProviderAccount } from '../descriptor.ts'
import type { HostedImages, Provider, StartOptions, Status } from '../provider.ts'
import { failedStatus } from '../shared/failures.ts'
import { createProviderHttp, type ProviderContext } from '../shared/http.ts'
import { isSuccess, type ProviderResponse, readJson, type ResponseReader } from '../shared/response.ts'
import { readWebhookBody } from '../shared/webhook-signature.ts'
import { hasFailed, isAccepted, readPresence, readTaskFailure, runwareRejections, tasksOf } from './errors.ts'
import { StoredMedia, WebhookBody } from './schemas.ts'
import { type OutputOptions, taskUuidOf, toTask } from './task.ts'

const traits = { id: 'runware', capabilities: allCapabilities, price: pricePerSecond }
/** Runware does not say how long it remembers a task's id; within this time a second request is certain to be recognized as a repetition. */
const maxResendMs = 10 * 60_000

/** Runware over REST. Every body is a list of tasks, whose ids we choose; there is no cancel. Contract: docs/providers.md#runware */
export function createRunware({ apiKey, origins, ...output }: ProviderAccount<'api'> & OutputOptions, context: ProviderContext) {
  const url = `${origins.api}/v1`
  const clock = context.clock ?? wallClock
  const keyHeaders = { authorization: `Bearer ${apiKey}` }
  const http = createProviderHttp({ provider: 'runware', origins: [origins.api], keyHeaders, rejections: runwareRejections('') }, context)

  async function start(request: ClipRequest, images: HostedImages, { attemptId, webhookUrl, signal }: StartOptions) {
    assertStartable(traits, request, images)
    const id = taskUuidOf(attemptId)
    await http.send({
      method: 'POST',
      url,
      step: 'submit',
      json: [{ ...toTask(request, images, output), taskUUID: id, webhookURL: webhookUrl }],
      signal,
      read: (response) => isAccepted(id, response) || undefined,
      rejections: runwareRejections(id),
    })
    return { id }
  }

  function poll<T>(taskUUID: string, read: ResponseReader<T>, signal: AbortSignal): Promise<T> {
    const json = [{ taskType: 'getResponse', taskUUID }]
    const rejections = runwareRejections(taskUUID)
    return http.send({ method: 'POST', url, step: 'follow', readsOnly: true, json, signal, read, rejections })
  }

  return {
    ...traits,
    start,

    async prepare(image, { signal }) {
      const media = `data:${image.mediaType};base64,${Buffer.from(image.bytes).toString('base64')}`
      let taskUUID = ''
      const mediaUUID = await http.send({
        method: 'POST',
        url,
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
    },

    status: ({ id }, { signal }) => poll(id, (response) => readStatus(id, response), signal),

    /** Sends the same task again while that is certain to be recognized as a repetition; after that it only asks for the task. */
    async recover(request, images, lost, { signal }) {
      if (clock.now() - lost.submittedAt <= maxResendMs) {
        try {
          return await start(request, images, { ...lost, signal })
        } catch (error) {
          // Whatever the repetition was refused for, the first request may have been accepted: only the task itself can tell.
          if (!(error instanceof ProviderError)) throw error
        }
      }
      const id = taskUuidOf(lost.attemptId)
      return (await poll(id, (response) => readPresence(id, response), signal)) ? { id } : 'unknown'
    },

    /** Runware signs nothing: the caller has checked the attempt's unguessable URL, and the state is read with `status`. The body only names the task. */
    async verifyWebhook({ rawBody }) {
      const { taskUUID, status } = await Promise.resolve(readWebhookBody(WebhookBody, rawBody))
      return { operation: { id: taskUUID }, deliveryId: `${taskUUID}:${status ?? 'error'}` }
    },
  } satisfies Provider
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
