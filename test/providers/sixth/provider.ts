import { z } from 'zod'

import type { ClipRequest } from '../../../src/domain/clip-request.ts'
import type { Image } from '../../../src/domain/image.ts'
import { allCapabilities, assertStartable } from '../../../src/providers/capabilities.ts'
import { defineProvider, pricePerSecond, type ProviderAccount } from '../../../src/providers/descriptor.ts'
import type {
  CallOptions,
  Capabilities,
  HostedImages,
  Operation,
  Provider,
  StartOptions,
  Status,
  WebhookDelivery,
} from '../../../src/providers/provider.ts'
import { failedStatus, kindOfStatus, toRejection } from '../../../src/providers/shared/rejections.ts'
import { createProviderHttp, type ProviderContext, type ProviderHttp } from '../../../src/providers/shared/http.ts'
import { type ProviderResponse, readJson } from '../../../src/providers/shared/response.ts'
import { readWebhookBody } from '../../../src/providers/shared/webhook-signature.ts'

const Job = z.object({ id: z.string().min(1) })
const JobStatus = z.object({
  state: z.enum(['running', 'done', 'failed', 'refused', 'cancelled']),
  url: z.url().optional(),
})
const capabilities: Capabilities = { ...allCapabilities, guidance: false }

/** An imaginary provider with a plain JSON API: all that a sixth provider has to bring. */
export const sixth = defineProvider({
  id: 'sixth',
  name: 'The Sixth',
  keyVariable: 'SIXTH_KEY',
  concurrency: 2,
  createsPerMinute: 60,
  capabilities,
  outputLifetimeMs: 60 * 60_000,
  origins: { api: 'https://api.sixth.example' },
  options: z.object({ SIXTH_STYLE: z.enum(['plain', 'vivid'], 'is plain or vivid').default('plain') }),
  create: ({ options, ...account }, context) => new SixthProvider({ ...account, style: options.SIXTH_STYLE }, context),
})

class SixthProvider implements Provider {
  readonly id = 'sixth'
  readonly capabilities = capabilities
  readonly price = pricePerSecond
  readonly #account: ProviderAccount<'api'> & { style: string }
  readonly #http: ProviderHttp

  constructor(account: ProviderAccount<'api'> & { style: string }, context: ProviderContext) {
    this.#account = account
    const keyHeaders = { authorization: `Bearer ${account.apiKey}` }
    const rejections = (response: ProviderResponse, now: number) => readRejection(response, now)
    this.#http = createProviderHttp({ provider: this.id, origins: [account.origins.api], keyHeaders, rejections }, context)
  }

  async prepare(image: Image, { signal }: CallOptions) {
    const read = readJson(z.object({ url: z.url() }))
    return this.#http.send({ method: 'POST', url: this.#url('/images'), step: 'prepare', body: Buffer.from(image.bytes), signal, read })
  }

  async start(request: ClipRequest, images: HostedImages, { webhookUrl, signal }: StartOptions): Promise<Operation> {
    assertStartable(this, request, images)
    const { prompt, durationSeconds, aspectRatio, negativePrompt } = request
    const json = {
      ...{ prompt, seconds: durationSeconds, negative: negativePrompt, shape: images.firstFrame ? undefined : aspectRatio },
      ...{ first: images.firstFrame?.url, last: images.lastFrame?.url, style: this.#account.style, notify: webhookUrl },
    }
    return this.#http.send({ method: 'POST', url: this.#url('/jobs'), step: 'submit', json, signal, read: readJson(Job) })
  }

  async probe({ signal }: CallOptions): Promise<void> {
    await this.#http.send({ method: 'GET', url: this.#url('/account'), step: 'follow', signal, read: readJson(z.object({})) })
  }

  async status({ id }: Operation, { signal }: CallOptions): Promise<Status> {
    const url = this.#url(`/jobs/${encodeURIComponent(id)}`)
    const { state, url: clip } = await this.#http.send({ method: 'GET', url, step: 'follow', signal, read: readJson(JobStatus) })
    if (state === 'running') return { state: 'pending' }
    if (state === 'cancelled') return { state: 'cancelled' }
    if (state === 'done' && clip !== undefined) return { state: 'completed', url: clip }
    return failedStatus('sixth', state === 'refused' ? 'moderation' : 'unavailable', { billed: false })
  }

  async verifyWebhook({ rawBody }: WebhookDelivery) {
    const { id } = await Promise.resolve().then(() => readWebhookBody(Job, rawBody))
    return { operation: { id }, deliveryId: id }
  }

  #url(path: string): string {
    return this.#account.origins.api + path
  }
}

function readRejection(response: ProviderResponse, now: number) {
  const refused = z.object({ reason: z.literal('content') }).safeParse(response.body).success
  return toRejection(refused ? 'moderation' : kindOfStatus(response.status), response, now)
}
