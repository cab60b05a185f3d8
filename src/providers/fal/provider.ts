import { ProviderError } from '../../domain/provider-error.ts'
import { parseJson } from '../../lib/parse-json.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import { microUsdPerSecond, pricePerSecond, type ProviderAccount } from '../descriptor.ts'
import type { Operation, PrintedCost, Provider, Status } from '../provider.ts'
import { createProviderHttp, type ProviderContext } from '../shared/http.ts'
import { imageFilename, putImage } from '../shared/image-upload.ts'
import { falInput } from '../shared/input.ts'
import { isSuccess, type ProviderResponse, readJson } from '../shared/response.ts'
import { printedUnits, readFalRejection, readJobFailure, readStatusFailure } from './errors.ts'
import { RequestStatus, Result, Submitted, UploadTicket } from './schemas.ts'
import { createFalVerification } from './webhook.ts'

const traits = { id: 'fal', capabilities: allCapabilities, price: pricePerSecond }
const model = 'fal-ai/kling-video/v2.5-turbo/pro'
/** A request is addressed by owner and application alone, without the rest of the model's path. */
const application = 'fal-ai/kling-video'
/** The nil UUID, which is never assigned. */
const noRequest = '00000000-0000-0000-0000-000000000000'
/** For images and clips, which are needed until the clip is posted; a day outlasts any outage worth planning for. */
export const fileLifetimeSeconds = 24 * 60 * 60
const lifecycle = JSON.stringify({ expiration_duration_seconds: fileLifetimeSeconds })

/** fal's queue API. Durations are strings; `COMPLETED` may be a failure. Contract: docs/providers.md#fal */
export function createFal({ apiKey, origins: { queue, rest } }: ProviderAccount<'queue' | 'rest'>, context: ProviderContext) {
  const keyHeaders = { authorization: `Key ${apiKey}` }
  const http = createProviderHttp({ provider: 'fal', origins: [queue, rest], keyHeaders, rejections: readFalRejection }, context)

  async function toStatus(operation: Operation, current: RequestStatus, signal: AbortSignal): Promise<Status> {
    if (current.status !== 'COMPLETED') return { state: 'pending', position: current.queue_position ?? undefined }
    const reported = readStatusFailure(current)
    try {
      const url = urlsOf(operation).response
      return await http.send({ method: 'GET', url, step: 'follow', signal, read: (response) => readResult(response, reported) })
    } catch (error) {
      // A failed request need not have a result: then the status alone decides.
      if (reported && error instanceof ProviderError) return reported
      throw error
    }
  }

  /** The clip of a job that is over. Whatever else the result says is for `toStatus`, which knows more of the job. */
  async function findClip(operation: Operation, signal: AbortSignal): Promise<Status | undefined> {
    const read = (response: ProviderResponse) => readClip(response) ?? 'none'
    const clip = await http.send({ method: 'GET', url: urlsOf(operation).response, step: 'follow', signal, read })
    return clip === 'none' ? undefined : clip
  }

  /** The URLs that fal returned, where they are fal's own (only then may they receive the key), else those of its documentation. */
  function urlsOf({ id, statusUrl, responseUrl, cancelUrl }: Operation) {
    const request = `${queue}/${application}/requests/${encodeURIComponent(id)}`
    return {
      status: http.ownUrl(statusUrl) ?? `${request}/status`,
      response: http.ownUrl(responseUrl) ?? request,
      cancel: http.ownUrl(cancelUrl) ?? `${request}/cancel`,
    }
  }

  return {
    ...traits,
    verifyWebhook: createFalVerification(http, rest),

    async prepare(image, { signal }) {
      const ticket = await http.send({
        method: 'POST',
        url: `${rest}/storage/upload/initiate?storage_type=fal-cdn-v3`,
        step: 'prepare',
        headers: { 'x-fal-object-lifecycle': lifecycle },
        json: { content_type: image.mediaType, file_name: imageFilename(image) },
        signal,
        read: readJson(UploadTicket),
      })
      await putImage(http, image, { url: ticket.upload_url, headers: { 'content-type': image.mediaType }, signal })
      return { url: ticket.file_url }
    },

    async start(request, images, { webhookUrl, signal }) {
      assertStartable(traits, request, images)
      const url = new URL(`${queue}/${model}/${images.firstFrame ? 'image-to-video' : 'text-to-video'}`)
      if (webhookUrl !== undefined) url.searchParams.set('fal_webhook', webhookUrl)
      return http.send({
        method: 'POST',
        url: url.href,
        step: 'submit',
        headers: {
          // Otherwise fal reruns a failed job by itself, or runs it on another model, at our cost.
          'x-fal-no-retry': '1',
          'x-app-fal-disable-fallback': 'true',
          'x-fal-object-lifecycle-preference': lifecycle,
        },
        json: falInput(request, images),
        signal,
        read: readJson(Submitted),
      })
    },

    /** Asks the queue for a request that does not exist: it checks the key first. A balance can only be read with an administrator's key. */
    async probe({ signal }) {
      const url = urlsOf({ id: noRequest }).status
      const read = (response: ProviderResponse) =>
        readJson(RequestStatus)(response) !== undefined || isUnknownRequest(response) || undefined
      await http.send({ method: 'GET', url, step: 'follow', signal, read })
    },

    async status(operation, { signal, isAnnounced }) {
      const clip = isAnnounced ? await findClip(operation, signal) : undefined
      if (clip) return clip
      const url = urlsOf(operation).status
      return toStatus(operation, await http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(RequestStatus) }), signal)
    },

    async *watch(operation, { signal }) {
      const url = new URL(urlsOf(operation).status)
      url.pathname += '/stream'
      for await (const event of http.stream({ url: url.href, signal })) {
        const current = RequestStatus.safeParse(parseJson(event)).data
        if (!current) throw new ProviderError({ provider: 'fal', kind: 'unavailable', retryable: true })
        yield await toStatus(operation, current, signal)
        if (current.status === 'COMPLETED') return
      }
    },

    async cancel(operation, { signal }) {
      // A job that is over or unknown (400, 404) cannot be cancelled; a running one may still finish after the cancel is accepted.
      const read = (response: ProviderResponse) => (isSuccess(response) ? 'unknown' : isOver(response) ? 'unsupported' : undefined)
      return http.send({ method: 'PUT', url: urlsOf(operation).cancel, step: 'follow', signal, read })
    },
  } satisfies Provider
}

function readResult(response: ProviderResponse, reported: Status | undefined): Status | undefined {
  const clip = readClip(response)
  if (clip) return clip
  if (response.status === 400 && /still in progress/i.test(JSON.stringify(response.body ?? ''))) return { state: 'pending' }
  const failure = readJobFailure(response)
  if (failure) return failure
  // Right after COMPLETED the result can be missing for a moment.
  return response.status === 404 ? (reported ?? { state: 'completed', cost: readCost(response) }) : undefined
}

function readClip(response: ProviderResponse): Status | undefined {
  const result = readJson(Result)(response)
  return result && { state: 'completed', url: result.video.url, cost: readCost(response) }
}

function readCost(response: ProviderResponse): PrintedCost | undefined {
  const units = printedUnits(response)
  return units === undefined ? undefined : { printed: units, unit: microUsdPerSecond }
}

function isUnknownRequest({ status, body }: ProviderResponse): boolean {
  return (status === 404 || status === 422) && body !== undefined
}

function isOver({ status, body }: ProviderResponse): boolean {
  return status === 404 || (status === 400 && /"ALREADY_COMPLETED"/.test(JSON.stringify(body ?? '')))
}
