import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ImageReference } from '../../src/domain/image.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import type { HostedImages } from '../../src/providers/provider.ts'
import { replicate } from '../../src/providers/replicate/descriptor.ts'
import { ReplicateProvider } from '../../src/providers/replicate/provider.ts'
import { describeProviderContract } from '../contracts/provider.ts'
import type { MakeStandIn } from '../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../contracts/provider-submissions.ts'
import { createInstantClock } from '../support/instant-clock.ts'
import { type ScriptedAnswer, type ScriptedProvider, startScriptedProvider } from '../support/scripted-provider.ts'
import { signLikeReplicate } from '../support/webhook-signatures.ts'

const apiKey = 'r8_key-of-the-operator'
const output = 'https://replicate.delivery/x/out.mp4'
const submitRoute = 'POST /v1/models/kwaivgi/kling-v2.5-turbo-pro/predictions'
const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }
const prediction = (more: Record<string, unknown>) => ({
  ...{
    id: 'p1',
    model: 'kwaivgi/kling-v2.5-turbo-pro',
    version: 'hidden',
    input: { prompt: 'secret' },
    logs: '',
    output: null,
    error: null,
  },
  ...{ status: 'starting', metrics: {}, urls: { get: 'https://elsewhere.example/p1', cancel: 'https://elsewhere.example/p1/cancel' } },
  ...more,
})

const secret = 'whsec_a2xpbmctZGlzY29yZC1ib3QtdGVzdC1zZWNyZXQtMDE='
const keyRoute = 'GET /v1/webhooks/default/secret'
const listRoute = 'GET /v1/predictions'
const webhookFields = { webhook: webhookUrl, webhook_events_filter: ['completed'] }
/** Made ten seconds after the lost call, unless it is said otherwise. */
const listed = (more: Record<string, unknown>) => ({ ...prediction({}), created_at: new Date(1_760_000_010_000).toISOString(), ...more })
const listOf = (results: unknown[], next: string | null = null) => ({ previous: null, next, results })

const makeStandIn: MakeStandIn = (server) => {
  const status = 'GET /v1/predictions/p1'
  const states = {
    pending: { status: 'processing' },
    completed: { status: 'succeeded', output },
    failed: { status: 'failed', error: 'secret trouble' },
    refused: { status: 'failed', error: 'The input or output was flagged as sensitive. (E005) secret' },
    cancelled: { status: 'canceled' },
  }
  return {
    key: apiKey,
    routes: { submit: submitRoute, status, cancel: 'POST /v1/predictions/p1/cancel', upload: ['POST /v1/files'], lost: [listRoute] },
    asksBy: 'path',
    operation: { id: 'p1' },
    submitted: { status: 201, json: prediction({}) },
    pending: { json: prediction(states.pending) },
    unknownState: { json: prediction({ status: 'secret' }) },
    refusedContent: { status: 422, json: { detail: 'Failure to pass the risk control system' } },
    submissions: {
      words: { json: { input: { prompt: 'a heron', duration: 5 } } },
      'words with everything': {
        json: { input: { prompt: 'a heron', duration: 10, aspect_ratio: '9:16', negative_prompt: 'haze' }, ...webhookFields },
      },
      'square words': { json: { input: { prompt: 'a heron', duration: 5, aspect_ratio: '1:1' } } },
      'words with nothing in it': { json: { input: { prompt: 'a heron', duration: 5, aspect_ratio: '16:9', negative_prompt: '' } } },
      'a picture': { json: { input: { prompt: 'a heron', duration: 5, start_image: imageUrls.first } } },
      'two pictures with everything': {
        json: {
          input: {
            ...{ prompt: 'a heron', duration: 10, negative_prompt: 'haze' },
            ...{ start_image: imageUrls.first, end_image: imageUrls.last },
          },
          ...webhookFields,
        },
      },
    },
    webhook: {
      keyRoute,
      keys: (answer) => server.on(keyRoute, answer ?? { json: { key: secret } }),
      headers: (body, sent) => signLikeReplicate(secret, body, sent),
      forged: (body, sent) => signLikeReplicate('whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==', body, sent),
      bodies: (id) => [
        { ...prediction(states.completed), id },
        { ...prediction(states.failed), id },
        { ...prediction({ status: 'a state of tomorrow' }), id },
      ],
      otherId: 'p2',
    },
    lost: (state) => server.on(listRoute, { json: listOf(state === 'there' ? [listed({ id: 'p1', webhook: webhookUrl })] : []) }),
    job: (state) => server.on(status, { json: prediction(states[state]) }),
    outputUrl: output,
    uploads: (failure) => {
      const stored = { status: 201, json: { id: 'f1', urls: { get: 'https://api.replicate.com/v1/files/f1' } } }
      server.on('POST /v1/files', ...(failure ? [failure, stored] : [stored]))
    },
    uploadedBy: 'POST /v1/files',
    uploadedAs: 'https://api.replicate.com/v1/files/f1',
    cancelAccepted: { json: prediction({ status: 'canceled' }) },
    cancelTooLate: { json: prediction({ status: 'succeeded', output }) },
  }
}

describeProviderContract(replicate, makeStandIn)

describe('replicate', () => {
  let network: Network
  let server: ScriptedProvider
  let provider: ReplicateProvider
  const { signal } = new AbortController()

  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    server = await startScriptedProvider()
    provider = new ReplicateProvider(
      { apiKey, origins: { api: server.origin } },
      { network, clock: createInstantClock(), random: () => 0.5 },
    )
    server.on(submitRoute, { status: 201, json: prediction({}) })
  })
  afterEach(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
  })
  const body = () => server.to(submitRoute)[0]?.json
  const status = (answer: ScriptedAnswer) => {
    server.on('GET /v1/predictions/p1', answer)
    return provider.status({ id: 'p1' }, { signal })
  }

  describe('the body of a create call', () => {
    it('for words alone', async () => {
      await provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
      expect(body()).toStrictEqual({ input: { prompt: 'p', duration: 5 } })
      expect(server.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' })
      expect(server.requests[0]?.headers).not.toHaveProperty('prefer')
    })

    it('for words with everything', async () => {
      const request = { prompt: 'p', durationSeconds: 10, aspectRatio: '9:16', negativePrompt: '' } as const
      await provider.start(request, {}, { attemptId: 'a1', signal, webhookUrl: 'https://bot.example/hooks/1?a=b' })
      expect(body()).toStrictEqual({
        input: { prompt: 'p', duration: 10, aspect_ratio: '9:16', negative_prompt: '' },
        webhook: 'https://bot.example/hooks/1?a=b',
        webhook_events_filter: ['completed'],
      })
    })

    it('for an image, whose shape the clip takes', async () => {
      const request = { prompt: 'p', durationSeconds: 5, aspectRatio: '9:16', firstFrame: image } as const
      await provider.start(request, { firstFrame: { url: 'https://f/1' } }, { attemptId: 'a1', signal })
      expect(body()).toStrictEqual({ input: { prompt: 'p', duration: 5, start_image: 'https://f/1' } })
    })

    it('for a first and a last image', async () => {
      const images = { firstFrame: { url: 'https://f/1' }, lastFrame: { url: 'https://f/2' } }
      const request = { prompt: 'p', negativePrompt: 'n', durationSeconds: 5, firstFrame: image, lastFrame: image } as const
      await provider.start(request, images, { attemptId: 'a1', signal })
      const input = { prompt: 'p', duration: 5, negative_prompt: 'n', start_image: 'https://f/1', end_image: 'https://f/2' }
      expect(body()).toStrictEqual({ input })
    })
  })

  it('accepts a create answer that holds little more than the id', async () => {
    server.on(submitRoute, { status: 202, json: { id: 'p7', status: 'a state of tomorrow' } })
    expect(await provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })).toStrictEqual({ id: 'p7' })
  })

  describe('refusals of a create call', () => {
    const throttled = { detail: 'Request was throttled. Your rate limit for creating predictions resets in ~7s.', status: 429 }
    const missing = {
      ...{ detail: '- input: prompt is required\n', status: 422, title: 'Input validation failed' },
      invalid_fields: [{ type: 'required', field: 'input', description: 'prompt is required' }],
    }
    const cases: [string, ScriptedAnswer, object][] = [
      ['a bad key', { status: 401, json: { title: 'Unauthenticated', detail: 'no', status: 401 } }, { kind: 'auth' }],
      ['no credit', { status: 402, json: { title: 'Insufficient credit', detail: 'Go to …', status: 402 } }, { kind: 'no_credit' }],
      ['the spend limit', { status: 402, json: { title: 'Monthly spend limit reached', status: 402 } }, { kind: 'no_credit' }],
      ['a missing field', { status: 422, json: missing }, { kind: 'invalid_input' }],
      ['a bad value', { status: 422, json: { detail: '- input.aspect_ratio: enum', status: 422 } }, { kind: 'invalid_input' }],
      ['an unknown last frame', { status: 422, json: { detail: '- input: end_image is not allowed' } }, { kind: 'invalid_input' }],
      [
        '429 with a header',
        { status: 429, headers: { 'retry-after': '5' }, json: { ...throttled, retry_after: 9 } },
        { retryAfterMs: 5000 },
      ],
      ['429 with a field', { status: 429, json: { ...throttled, retry_after: 9 } }, { kind: 'rate_limited', retryAfterMs: 9000 }],
      ['429 with a sentence', { status: 429, json: throttled }, { kind: 'rate_limited', retryAfterMs: 7000, retryable: true }],
      ['429 without a hint', { status: 429, text: '' }, { kind: 'rate_limited', retryAfterMs: undefined }],
    ]
    it.each(cases)('%s', async (_, answer, expected) => {
      server.on(submitRoute, answer)
      const started = provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
      await expect(started).rejects.toMatchObject({ failoverSafe: true, ...expected })
    })
  })

  describe('the states of a prediction', () => {
    const gone = { state: 'failed', error: { kind: 'output_gone' }, billed: true }
    const cases: [string, Record<string, unknown>, object][] = [
      ['starting', { status: 'starting' }, { state: 'pending', progress: undefined }],
      ['processing', { status: 'processing', logs: 'warming up' }, { state: 'pending', progress: undefined }],
      ['processing with progress', { status: 'processing', logs: 'x\n 10%|#   | 1/10\n 40%|####   | 4/10 [0s]\n' }, { progress: 0.4 }],
      ['succeeded', { status: 'succeeded', output }, { state: 'completed', url: output }],
      ['succeeded an hour ago', { status: 'succeeded', output: null, data_removed: true }, gone],
      ['succeeded with nothing', { status: 'succeeded' }, gone],
      ['failed', { status: 'failed', error: 'boom' }, { state: 'failed', error: { kind: 'unavailable' }, billed: false }],
      ['refused', { status: 'failed', error: 'flagged as sensitive (E005)' }, { state: 'failed', error: { kind: 'moderation' } }],
      ['refused by Kling', { status: 'failed', error: 'FAILURE to pass the Risk Control System' }, { error: { kind: 'moderation' } }],
      ['canceled', { status: 'canceled' }, { state: 'cancelled' }],
      ['aborted', { status: 'aborted' }, { state: 'cancelled', billed: false }],
    ]
    it.each(cases)('%s', async (_, more, expected) => {
      expect(await status({ json: prediction(more) })).toMatchObject(expected)
    })

    it('does not say whether a cancelled one was billed', async () => {
      expect(await status({ json: prediction({ status: 'canceled' }) })).toStrictEqual({ state: 'cancelled' })
    })

    it.each([['no URL'], [['https://a.example/list.mp4']], [5]])('does not take %j for a clip', async (odd) => {
      await expect(status({ json: prediction({ status: 'succeeded', output: odd }) })).rejects.toMatchObject({ kind: 'unavailable' })
    })

    it('ignores the links in the answer', async () => {
      await status({ json: prediction({ status: 'processing' }) })
      server.on('POST /v1/predictions/p1/cancel', { json: prediction({ status: 'canceled' }) })
      await provider.cancel({ id: 'p1' }, { signal })
      expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
        'GET /v1/predictions/p1',
        'POST /v1/predictions/p1/cancel',
      ])
    })
  })

  describe('a cancel', () => {
    const cases: [string, ScriptedAnswer, string][] = [
      ['canceled', { json: prediction({ status: 'canceled' }) }, 'unknown'],
      ['aborted', { json: prediction({ status: 'aborted' }) }, 'unknown'],
      ['still processing', { json: prediction({ status: 'processing' }) }, 'unknown'],
      ['an empty answer', { status: 204 }, 'unknown'],
      ['succeeded', { json: prediction({ status: 'succeeded', output }) }, 'unsupported'],
      ['failed', { json: prediction({ status: 'failed' }) }, 'unsupported'],
      ['an error because it is over', { status: 422, json: { detail: 'already finished' } }, 'unsupported'],
    ]
    it.each(cases)('answered by %s', async (_, answer, outcome) => {
      server.on('POST /v1/predictions/p1/cancel', answer)
      expect(await provider.cancel({ id: 'p1' }, { signal })).toBe(outcome)
    })

    it('with a bad key is an error', async () => {
      server.on('POST /v1/predictions/p1/cancel', { status: 401, json: { detail: 'no' } })
      await expect(provider.cancel({ id: 'p1' }, { signal })).rejects.toMatchObject({ kind: 'auth', failoverSafe: false })
    })
  })

  describe('a lost create answer', () => {
    const submittedAt = 1_760_000_000_000
    const request = { prompt: 'p', durationSeconds: 5 } as const
    const recover = (more: object = {}, images: HostedImages = {}) =>
      provider.recover(request, images, { attemptId: 'a1', webhookUrl, submittedAt, ...more }, { signal })
    const list = (...results: unknown[]) => server.on(listRoute, { json: listOf(results) })
    const first = { firstFrame: { url: 'https://f/1' } }
    const both = { ...first, lastFrame: { url: 'https://f/2' } }
    const found = { id: 'p9' }

    it.each<[string, Record<string, unknown>, HostedImages, object | string]>([
      ['by its webhook', { webhook: webhookUrl }, {}, found],
      ['by its webhook, written another way', { webhook: webhookUrl.replace('https://bot.example', 'https://BOT.example:443') }, {}, found],
      ['by its picture', { input: { start_image: 'https://f/1' } }, first, found],
      ['by both pictures', { input: { start_image: 'https://f/1', end_image: 'https://f/2' } }, both, found],
      ['by its webhook, when it is over', { webhook: webhookUrl, status: 'succeeded', input: {}, output }, {}, found],
      ['not by its prompt', { input: { prompt: 'p', duration: 5 } }, {}, 'unknown'],
      ['not by another webhook', { webhook: webhookUrl.replace('0123', '9876') }, {}, 'unknown'],
      ['not by half of its token', { webhook: webhookUrl.replace('-0123456789', '') }, {}, 'unknown'],
      [
        'not by its picture under another webhook',
        { webhook: 'https://bot.example/x', input: { start_image: 'https://f/1' } },
        first,
        'unknown',
      ],
      ['not by another picture', { input: { start_image: 'https://f/3' } }, first, 'unknown'],
      ['not by the first of two pictures', { input: { start_image: 'https://f/1' } }, both, 'unknown'],
      ['not by a picture that has a second', { input: { start_image: 'https://f/1', end_image: 'https://f/2' } }, first, 'unknown'],
      [
        'not from before it was asked for',
        { webhook: webhookUrl, created_at: new Date(submittedAt - 121_000).toISOString() },
        {},
        'unknown',
      ],
      ['by clocks that differ a little', { webhook: webhookUrl, created_at: new Date(submittedAt - 119_000).toISOString() }, {}, found],
    ])('is found %s', async (_, more, images, expected) => {
      list(listed({ id: 'p8', webhook: 'https://bot.example/other' }), listed({ id: 'p9', ...more }), listed({ id: 'p7' }))
      expect(await recover({}, images)).toEqual(expected)
      expect(server.to(submitRoute)).toEqual([])
    })

    it('is not decided between two', async () => {
      list(listed({ id: 'p8', webhook: webhookUrl }), listed({ id: 'p9', webhook: webhookUrl }))
      expect(await recover()).toBe('unknown')
    })

    it('is not looked for without a mark', async () => {
      expect(await recover({ webhookUrl: undefined })).toBe('unknown')
      expect(await recover({ webhookUrl: 'https://bot.example/short' })).toBe('unknown')
      expect(server.requests).toEqual([])
    })

    it('is looked for on further pages, as long as they are young enough', async () => {
      const pages = [
        listOf([listed({ id: 'p1' })], `${server.origin}/v1/predictions?cursor=2`),
        listOf([listed({ id: 'p9', webhook: webhookUrl })], `${server.origin}/v1/predictions?cursor=3`),
        listOf([listed({ id: 'p0', created_at: '2025-01-01T00:00:00Z' })], `${server.origin}/v1/predictions?cursor=4`),
      ]
      server.on(listRoute, ...pages.map((json) => ({ json })))
      expect(await recover()).toEqual(found)
      expect(server.requests.map(({ path }) => path)).toEqual(['', '?cursor=2', '?cursor=3'].map((query) => `/v1/predictions${query}`))
    })

    it('is not looked for without end', async () => {
      server.on(listRoute, { json: listOf([listed({ id: 'p1' })], `${server.origin}/v1/predictions?cursor=x`) })
      expect(await recover()).toBe('unknown')
      expect(server.requests).toHaveLength(5)
    })

    it('is not looked for elsewhere', async () => {
      await using elsewhere = await startScriptedProvider()
      server.on(listRoute, { json: listOf([listed({ id: 'p1' })], `${elsewhere.origin}/v1/predictions?cursor=x`) })
      expect(await recover()).toBe('unknown')
      expect(elsewhere.requests).toEqual([])
    })
  })

  it('uploads an image as a form with its type and no name of a member', async () => {
    server.on('POST /v1/files', { status: 200, json: { id: 'f1', urls: { get: 'https://api.replicate.com/v1/files/f1' } } })
    const hosted = await provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })
    expect(hosted).toStrictEqual({ url: 'https://api.replicate.com/v1/files/f1' })
    const [upload] = server.requests
    const boundary = /boundary=(.+)/.exec(upload?.headers['content-type'] ?? '')?.[1] ?? 'none'
    const context = (upload?.bytes.toString('latin1') ?? '').split(`--${boundary}`).map((part) => part.trim().split('\r\n'))
    expect(context.slice(1, -1)).toEqual([
      ['Content-Disposition: form-data; name="content"; filename="ab.jpg"', 'Content-Type: image/jpeg', '', '\u0001\u0002\u0003'],
      [expect.stringContaining('name="metadata"'), 'Content-Type: application/json', '', '{}'],
    ])
  })
})
