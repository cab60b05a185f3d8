import { randomUUID } from 'node:crypto'

import type { ClipRequest } from '../../domain/clip-request.ts'
import { MICRO_USD_PER_USD } from '../../domain/money.ts'
import { ProviderError, type ProviderErrorKind } from '../../domain/provider-error.ts'
import { wallClock } from '../../lib/clock.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import { pricePerSecond, type ProviderAccount } from '../descriptor.ts'
import type { HostedImages, Provider, StartOptions, Status } from '../provider.ts'
import { assertCredit } from '../shared/credit.ts'
import { createProviderHttp, type ProviderContext } from '../shared/http.ts'
import { isSuccess, type ProviderResponse, readJson, type ResponseReader } from '../shared/response.ts'
import { readWebhookBody } from '../shared/webhook-signature.ts'
import { hasFailed, isAccepted, readPresence, readTaskFailure, runwareRejections, tasksOf } from './errors.ts'
import { AccountDetails, StoredMedia, WebhookBody } from './schemas.ts'
import { type OutputOptions, taskUuidOf, toTask } from './task.ts'

/** Runware does not say how long it remembers a task's id; within this time a second request is certain to be recognized as a repetition. */
const maxResendMs = 10 * 60_000

/** The repetition of a lost create call was not answered, or came too early. */
const repeatable: ReadonlySet<ProviderErrorKind> = new Set(['submission_unknown', 'unavailable', 'timeout', 'rate_limited'])

/** Runware over REST. Every body is a list of tasks, whose ids we choose; there is no cancel. Contract: docs/providers.md#runware */
export function createRunware({ apiKey, origins, ...output }: ProviderAccount<'api'> & OutputOptions, context: ProviderContext) {
  const checkPrice = output.safety === 'none' ? 0 : (output.safetyPrice ?? 0)
  const price = (request: ClipRequest) => pricePerSecond(request) + checkPrice
  const traits = { id: 'runware', capabilities: allCapabilities, price }
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

    async probe({ signal }) {
      const taskUUID = randomUUID()
      const balance = await http.send({
        method: 'POST',
        url,
        step: 'follow',
        readsOnly: true,
        json: [{ taskType: 'accountManagement', taskUUID, operation: 'getDetails' }],
        signal,
        read: (response) => readBalance(taskUUID, response),
        rejections: runwareRejections(taskUUID),
      })
      assertCredit(traits, balance === 'hidden' ? undefined : balance)
    },

    status: ({ id }, { signal }) => poll(id, (response) => readStatus(id, response), signal),

    /**
     * Sends the same task again while that is certain to be recognized as a repetition; after that it only asks for the task. Throws where the repetition
     * got no answer either: it may be sent once more.
     */
    async recover(request, images, lost, { signal }) {
      let repetition: ProviderError | undefined
      if (clock.now() - lost.submittedAt <= maxResendMs) {
        try {
          return await start(request, images, { ...lost, signal })
        } catch (error) {
          // Whatever the repetition was refused for, the first request may have been accepted: only the task itself can tell.
          if (!(error instanceof ProviderError)) throw error
          repetition = error
        }
      }
      const id = taskUuidOf(lost.attemptId)
      if (await poll(id, (response) => readPresence(id, response), signal)) return { id }
      if (repetition && repeatable.has(repetition.kind)) throw repetition
      return 'unknown'
    },

    /** Runware signs nothing: the caller has checked the attempt's unguessable URL, and the state is read with `status`. The body only names the task. */
    async verifyWebhook({ rawBody }) {
      const { taskUUID, status } = await Promise.resolve(readWebhookBody(WebhookBody, rawBody))
      return { operation: { id: taskUUID }, deliveryId: `${taskUUID}:${status ?? 'error'}` }
    },
  } satisfies Provider
}

/** Dollars; `hidden` where Runware knows the key (401 is for those it does not), but does not show it the account. */
function readBalance(taskUuid: string, response: ProviderResponse): number | 'hidden' | undefined {
  if (response.status === 403) return 'hidden'
  const account = readJson(AccountDetails)(response)?.data.find(({ taskUUID }) => taskUUID === taskUuid)
  return account && (account.balance ?? 'hidden')
}

function readStatus(taskUuid: string, response: ProviderResponse): Status | undefined {
  const tasks = isSuccess(response) ? tasksOf(taskUuid, response) : []
  const success = tasks.find((task) => task.status === 'success' || (task.videoURL && !hasFailed(task)))
  if (success) {
    const cost = success.cost === null || success.cost === undefined ? undefined : { printed: success.cost, unit: MICRO_USD_PER_USD }
    return { state: 'completed', url: success.videoURL ?? undefined, cost, flagged: success.NSFWContent ?? undefined }
  }
  const failure = readTaskFailure(taskUuid, response)
  if (failure) return failure
  const [pending] = tasks
  return pending && { state: 'pending', ...(typeof pending.progress === 'number' && { progress: pending.progress / 100 }) }
}
