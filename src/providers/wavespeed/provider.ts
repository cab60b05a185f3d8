import type { ClipRequest } from '../../domain/clip-request.ts'
import { allCapabilities, assertStartable } from '../capabilities.ts'
import { microUsdPerSecond, type ProviderAccount } from '../descriptor.ts'
import type { Provider, Status } from '../provider.ts'
import { failedStatus } from '../shared/rejections.ts'
import { createHmacVerification } from '../shared/hmac-webhook.ts'
import { assertCredit } from '../shared/credit.ts'
import { createProviderHttp, type ProviderContext } from '../shared/http.ts'
import { imageFilename, putImage } from '../shared/image-upload.ts'
import { commonInput } from '../shared/input.ts'
import { type ProviderResponse, readJson } from '../shared/response.ts'
import { readTaskFailure, readWaveSpeedRejection } from './errors.ts'
import { Balance, Created, Prediction, UploadTicket, WebhookBody, WebhookSecret } from './schemas.ts'

const minBilledSeconds = 5
const traits = {
  id: 'wavespeed',
  capabilities: allCapabilities,
  /** Per started second, five at least. */
  price: ({ durationSeconds }: ClipRequest) => Math.max(minBilledSeconds, Math.ceil(durationSeconds)) * microUsdPerSecond,
}
/** Headers that HTTP itself sets; a signed upload does not depend on them, and undici refuses some. */
const connectionHeaders = new Set(['host', 'connection', 'content-length', 'transfer-encoding', 'expect'])

/** WaveSpeedAI. Responses are wrapped, webhooks are not; a failed task is HTTP 200; there is no cancel. Contract: docs/providers.md#wavespeed */
export function createWaveSpeed({ apiKey, origins }: ProviderAccount<'api'>, context: ProviderContext) {
  const api = `${origins.api}/api/v3`
  const keyHeaders = { authorization: `Bearer ${apiKey}` }
  const http = createProviderHttp(
    { provider: 'wavespeed', origins: [origins.api], keyHeaders, rejections: readWaveSpeedRejection },
    context,
  )

  return {
    ...traits,

    async prepare(image, { signal }) {
      const { download_url: downloadUrl, upload } = await http.send({
        method: 'POST',
        url: `${api}/media/uploads`,
        step: 'prepare',
        json: { filename: imageFilename(image), size: image.bytes.byteLength, content_type: image.mediaType },
        signal,
        read: readJson(UploadTicket),
      })
      const headers = Object.entries(upload.headers ?? {}).filter(([name]) => !connectionHeaders.has(name.toLowerCase()))
      await putImage(http, image, { url: upload.url, headers: Object.fromEntries(headers), signal })
      return { url: downloadUrl }
    },

    async start(request, images, { webhookUrl, signal }) {
      assertStartable(traits, request, images)
      const { firstFrame, lastFrame } = images
      const url = new URL(`${api}/kwaivgi/kling-v2.5-turbo-pro/${firstFrame ? 'image-to-video' : 'text-to-video'}`)
      if (webhookUrl !== undefined) url.searchParams.set('webhook', webhookUrl)
      const created = await http.send({
        method: 'POST',
        url: url.href,
        step: 'submit',
        json: {
          ...commonInput(request, images),
          duration: request.durationSeconds,
          guidance_scale: request.guidance,
          image: firstFrame?.url,
          // Unknown fields are silently ignored, and other models of the family call this one `end_image`.
          last_image: lastFrame?.url,
        },
        signal,
        read: readJson(Created),
      })
      return { id: created.id, ...(created.urls?.get && { resultUrl: created.urls.get }) }
    },

    async probe({ signal }) {
      const url = `${api}/balance`
      const { balance } = await http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(Balance) })
      assertCredit(traits, balance)
    },

    status({ id, resultUrl }, { signal }) {
      const url = http.ownUrl(resultUrl) ?? `${api}/predictions/${encodeURIComponent(id)}/result`
      return http.send({ method: 'GET', url, step: 'follow', signal, read: readStatus })
    },

    verifyWebhook: createHmacVerification(http, {
      secretUrl: `${api}/webhook/secret`,
      secret: WebhookSecret,
      // The text as it is, although it looks encoded.
      keyEncoding: 'utf8',
      signature: /^v3,([0-9a-f]{64})$/i,
      signatureEncoding: 'hex',
      jobId: WebhookBody,
    }),
  } satisfies Provider
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
