import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ImageReference } from '../../src/domain/image.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import type { Status } from '../../src/providers/provider.ts'
import { wavespeed } from '../../src/providers/wavespeed/descriptor.ts'
import { WaveSpeedProvider } from '../../src/providers/wavespeed/provider.ts'
import { describeProviderContract } from '../contracts/provider.ts'
import type { MakeStandIn } from '../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../contracts/provider-submissions.ts'
import { createInstantClock } from '../support/instant-clock.ts'
import { type ScriptedAnswer, type ScriptedProvider, startScriptedProvider } from '../support/scripted-provider.ts'
import { signLikeReplicate, signLikeWaveSpeed } from '../support/webhook-signatures.ts'

const apiKey = 'ws-key-of-the-operator'
const output = 'https://cdn.wavespeed.ai/x/out.mp4'
const textRoute = 'POST /api/v3/kwaivgi/kling-v2.5-turbo-pro/text-to-video'
const imageRoute = 'POST /api/v3/kwaivgi/kling-v2.5-turbo-pro/image-to-video'
const resultPath = '/api/v3/predictions/t1/result'
const ticketRoute = 'POST /api/v3/media/uploads'
const keyRoute = 'GET /api/v3/webhook/secret'
const secret = 'whsec_dGVzdC1zZWNyZXQtZm9yLXdhdmVzcGVlZA=='
const stored = 'https://cdn.wavespeed.ai/uploads/1.png'
const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }

const task = (more: Record<string, unknown> = {}) => ({
  ...{ id: 't1', model: 'kwaivgi/kling-v2.5-turbo-pro/text-to-video', outputs: [], has_nsfw_contents: [], status: 'created', error: '' },
  ...{ created_at: '2026-01-01T00:00:00Z', timings: { inference: 0 }, ...more },
})
const wrapped = (data: unknown) => ({ code: 200, message: 'success', data })
const urlsOf = (origin: string) => ({ urls: { get: `${origin}${resultPath}` } })

const makeStandIn: MakeStandIn = (server) => {
  const status = `GET ${resultPath}`
  const states = {
    pending: { status: 'processing' },
    completed: { status: 'completed', outputs: [output], has_nsfw_contents: [false] },
    failed: { status: 'failed', error: 'secret trouble', code: 1403 },
    refused: { status: 'failed', error: 'secret', code: 1200 },
    cancelled: { status: 'cancelled' },
  }
  return {
    key: apiKey,
    routes: { submit: textRoute, status, upload: [ticketRoute, 'PUT /bucket/1'] },
    asksBy: 'path',
    operation: { id: 't1', resultUrl: `${server.origin}${resultPath}` },
    submitted: { json: wrapped(task(urlsOf(server.origin))) },
    pending: { json: wrapped(task(states.pending)) },
    unknownState: { json: wrapped(task({ status: 'secret' })) },
    refusedContent: { status: 400, json: { code: 1200, message: 'secret' } },
    submissions: {
      words: { json: { prompt: 'a heron', duration: 5 } },
      'words with everything': {
        query: { webhook: webhookUrl },
        json: { prompt: 'a heron', duration: 10, negative_prompt: 'haze', guidance_scale: 0.25, aspect_ratio: '9:16' },
      },
      'square words': { json: { prompt: 'a heron', duration: 5, aspect_ratio: '1:1' } },
      'words with nothing in it': {
        json: { prompt: 'a heron', duration: 5, negative_prompt: '', guidance_scale: 0, aspect_ratio: '16:9' },
      },
      'a picture': { route: imageRoute, json: { prompt: 'a heron', duration: 5, image: imageUrls.first } },
      'two pictures with everything': {
        route: imageRoute,
        query: { webhook: webhookUrl },
        json: {
          ...{ prompt: 'a heron', duration: 10, negative_prompt: 'haze', guidance_scale: 1 },
          ...{ image: imageUrls.first, last_image: imageUrls.last },
        },
      },
    },
    webhook: {
      keyRoute,
      keys: (answer) => server.on(keyRoute, answer ?? { json: wrapped({ secret }) }),
      headers: (body, sent) => signLikeWaveSpeed(secret, body, sent),
      forged: (body, sent) => signLikeWaveSpeed('whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==', body, sent),
      bodies: (id) => [
        { ...task(states.completed), input: { prompt: 'secret' }, executionTime: 151_000, id },
        { ...task(states.failed), input: { prompt: 'secret' }, id },
        wrapped({ ...task(states.completed), id }),
      ],
      otherId: 't2',
    },
    job: (state) => server.on(status, { json: wrapped(task(states[state])) }),
    outputUrl: output,
    uploads: (failure) => {
      const upload = {
        method: 'PUT',
        url: `${server.origin}/bucket/1?signature=s`,
        headers: { 'Content-Type': 'image/png', 'x-acl': 'private' },
      }
      const ticket = { json: wrapped({ download_url: stored, upload }) }
      server.on(ticketRoute, ...(failure ? [failure, ticket] : [ticket]))
      server.on('PUT /bucket/1', { status: 200 })
    },
    uploadedBy: 'PUT /bucket/1',
    uploadedAs: stored,
  }
}

describeProviderContract(wavespeed, makeStandIn)

describe('wavespeed', () => {
  let network: Network
  let server: ScriptedProvider
  let elsewhere: ScriptedProvider
  let provider: WaveSpeedProvider
  const { signal } = new AbortController()

  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    server = await startScriptedProvider()
    elsewhere = await startScriptedProvider()
    provider = new WaveSpeedProvider(
      { apiKey, origins: { api: server.origin } },
      { network, clock: createInstantClock(), random: () => 0.5 },
    )
  })
  afterEach(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
    await elsewhere[Symbol.asyncDispose]()
  })
  const start = () => provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
  const status = (answer: ScriptedAnswer) => {
    server.on(`GET ${resultPath}`, answer)
    return provider.status({ id: 't1' }, { signal })
  }

  it('bills begun seconds, and five at least', () => {
    const price = (durationSeconds: number) => provider.price({ prompt: 'p', durationSeconds: durationSeconds as 5 })
    expect([1, 5, 5.1, 9.5, 10].map(price)).toEqual([350_000, 350_000, 420_000, 700_000, 700_000])
  })

  describe('refusals of a create call', () => {
    const cases: [string, ScriptedAnswer, object][] = [
      ['a bad key', { status: 401, json: { code: 401, message: 'no' } }, { kind: 'auth' }],
      ['a bad key under 200', { json: { code: 401, message: 'no', data: null } }, { kind: 'auth' }],
      ['no rights', { status: 403, json: { code: 403, message: 'no', error_code: 'x' } }, { kind: 'auth' }],
      ['no credit', { status: 402, json: { code: 402, message: 'no' } }, { kind: 'no_credit' }],
      ['no credit in words', { status: 400, json: { code: 400, message: 'Insufficient balance' } }, { kind: 'no_credit' }],
      ['no credit under 200', { json: { code: 402, message: 'no' } }, { kind: 'no_credit' }],
      ['a missing parameter', { status: 400, json: { code: 1400, message: 'no' } }, { kind: 'invalid_input' }],
      ['an invalid parameter', { json: { code: 1401, message: 'no' } }, { kind: 'invalid_input' }],
      ['content', { json: { code: 1200, message: 'no' } }, { kind: 'moderation', failoverSafe: false }],
      [
        "content in Kling's words",
        { status: 400, json: { message: 'Failure to pass the risk control system' } },
        { kind: 'moderation', failoverSafe: false },
      ],
      ['429', { status: 429, json: { code: 429, message: 'no' } }, { kind: 'rate_limited', retryable: true, retryAfterMs: undefined }],
      ['429 with a hint', { status: 429, headers: { 'retry-after': '30' }, text: '' }, { kind: 'rate_limited', retryAfterMs: 30_000 }],
      ['429 under 200', { json: { code: 429, message: 'no' } }, { kind: 'rate_limited' }],
      ['internal trouble under 200', { json: { code: 5000, message: 'no' } }, { kind: 'submission_unknown', failoverSafe: false }],
      [
        'an envelope without a word',
        { json: { code: 200, message: 'success', data: null } },
        { kind: 'submission_unknown', failoverSafe: false },
      ],
    ]
    it.each(cases)('%s', async (_, answer, expected) => {
      server.on(textRoute, answer)
      await expect(start()).rejects.toMatchObject({ failoverSafe: true, ...expected })
      expect(server.requests).toHaveLength(1)
    })
  })

  describe('the states of a task', () => {
    const failed = (kind: string) => ({ state: 'failed', error: { kind, failoverSafe: false }, billed: false })
    const cases: [string, Record<string, unknown>, object][] = [
      ['created', { status: 'created', has_nsfw_contents: null }, { state: 'pending' }],
      ['processing', { status: 'processing' }, { state: 'pending' }],
      ['completed', { status: 'completed', outputs: [output] }, { state: 'completed', url: output, flagged: false }],
      ['completed and marked', { status: 'completed', outputs: [output], has_nsfw_contents: [true] }, { flagged: true }],
      ['completed, nobody looked', { status: 'completed', outputs: [output], has_nsfw_contents: null }, { flagged: undefined }],
      ['completed with an object', { status: 'completed', outputs: [{ url: output }] }, { state: 'completed', url: output }],
      ['completed with nothing', { status: 'completed', outputs: [] }, { state: 'failed', error: { kind: 'output_gone' }, billed: true }],
      ['failed', { status: 'failed', error: 'boom' }, failed('unavailable')],
      ...(
        [
          [1200, 'moderation'],
          [1400, 'invalid_input'],
          [1401, 'invalid_input'],
          [1402, 'unavailable'],
          [1403, 'unavailable'],
          [1405, 'unavailable'],
          [5000, 'unavailable'],
          [5003, 'unavailable'],
          [5004, 'timeout'],
          [9999, 'unavailable'],
        ] as const
      ).map(([code, kind]): [string, Record<string, unknown>, object] => [
        `failed with ${code}`,
        { status: 'failed', code, error: 'x' },
        failed(kind),
      ]),
      ["failed in Kling's words", { status: 'failed', code: 1405, error: 'failure to pass the RISK control system' }, failed('moderation')],
      ['timeout', { status: 'timeout' }, failed('timeout')],
      ['cancelled', { status: 'cancelled' }, { state: 'cancelled' }],
      ['deleted', { status: 'deleted' }, { state: 'failed', error: { kind: 'output_gone' }, billed: undefined }],
    ]
    it.each(cases)('%s', async (_, more, expected) => {
      expect(await status({ json: wrapped(task(more)) })).toMatchObject(expected)
    })

    it('say nothing more than they know', async () => {
      expect(await status({ json: wrapped(task({ status: 'processing' })) })).toStrictEqual({ state: 'pending' } satisfies Status)
      expect(await status({ json: wrapped(task({ status: 'cancelled' })) })).toStrictEqual({ state: 'cancelled' } satisfies Status)
    })

    it.each([['no URL'], [5], [{ href: 'https://a.example' }]])('do not take %j for a clip', async (odd) => {
      await expect(status({ json: wrapped(task({ status: 'completed', outputs: [odd] })) })).rejects.toMatchObject({ kind: 'unavailable' })
    })

    it('are not read without their wrapper', async () => {
      await expect(status({ json: task({ status: 'completed', outputs: [output] }) })).rejects.toMatchObject({ retryable: true })
    })

    it('are asked for again where the wrapper says what HTTP does not', async () => {
      await expect(status({ json: { code: 401, message: 'no' } })).rejects.toMatchObject({ kind: 'auth', retryable: false })
      await expect(status({ json: { code: 404, message: 'no' } })).rejects.toMatchObject({ kind: 'unavailable', retryable: true })
    })
  })

  describe('addresses that WaveSpeed gives', () => {
    it('need not be there', async () => {
      server.on(textRoute, { json: wrapped({ id: 't1' }) })
      expect(await start()).toStrictEqual({ id: 't1' })
    })

    it('are followed, whatever their form', async () => {
      server.on('GET /api/v3/predictions/t1', { json: wrapped(task({ status: 'processing' })) })
      const operation = { id: 't1', resultUrl: `${server.origin}/api/v3/predictions/t1?x=1` }
      expect(await provider.status(operation, { signal })).toEqual({ state: 'pending' })
      expect(server.requests[0]?.path).toBe('/api/v3/predictions/t1?x=1')
    })

    it('never take the key elsewhere', async () => {
      server.on(textRoute, { json: wrapped(task(urlsOf(elsewhere.origin))) })
      server.on(`GET ${resultPath}`, { json: wrapped(task({ status: 'processing' })) })
      expect(await provider.status(await start(), { signal })).toEqual({ state: 'pending' })
      expect(elsewhere.requests).toEqual([])
    })

    it('for an image may be anywhere, and get its bytes with exactly the headers told, but not the key', async () => {
      const headers = { 'Content-Type': 'image/jpeg', 'X-Signed': 'yes', 'Content-Length': '3', StandIn: 'secret.example' }
      const upload = { method: 'PUT', url: `${elsewhere.origin}/bucket/1?signature=s`, headers }
      server.on(ticketRoute, { json: wrapped({ download_url: stored, upload }) })
      elsewhere.on('PUT /bucket/1', { status: 200 })
      expect(await provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })).toStrictEqual({ url: stored })
      expect(server.requests[0]?.json).toStrictEqual({ filename: 'ab.jpg', size: 3, content_type: 'image/jpeg' })
      const [sent] = elsewhere.requests
      expect(sent?.path).toBe('/bucket/1?signature=s')
      expect(sent?.headers).toMatchObject({ 'content-type': 'image/jpeg', 'x-signed': 'yes', 'content-length': '3' })
      expect(sent?.headers).not.toHaveProperty('authorization')
      expect([...(sent?.bytes ?? [])]).toEqual([1, 2, 3])
    })
  })

  describe('a webhook', () => {
    const body = JSON.stringify(task({ status: 'completed', outputs: [output] }))
    const at = 1_760_000_000_000
    const verify = (headers: Record<string, string>) => provider.verifyWebhook({ headers, rawBody: Buffer.from(body), now: at, signal })

    it('signed as Replicate signs is refused', async () => {
      server.on(keyRoute, { json: wrapped({ secret }) })
      const headers = signLikeReplicate(secret, body, { id: 't1', at })
      await expect(verify(headers)).rejects.toThrow('forged')
      await expect(verify({ ...headers, 'webhook-signature': headers['webhook-signature']?.replace('v1', 'v3') ?? '' })).rejects.toThrow(
        'forged',
      )
    })

    it('is verified with a secret that is told without an object', async () => {
      server.on(keyRoute, { json: wrapped(secret) })
      expect(await verify(signLikeWaveSpeed(secret, body, { id: 'd1', at }))).toStrictEqual({ operation: { id: 't1' }, deliveryId: 'd1' })
    })

    it('is not verified with an empty secret', async () => {
      server.on(keyRoute, { json: wrapped({ secret: '' }) })
      await expect(verify(signLikeWaveSpeed('whsec_', body, { id: 'd1', at }))).rejects.toMatchObject({ name: 'ProviderError' })
    })
  })
})
