import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { FrameReference } from '../../src/domain/clip-request.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import { ReplicateProvider } from '../../src/providers/replicate/adapter.ts'
import { describeProviderContract, type MakeStandIn } from '../contracts/provider.ts'
import { createInstantClock } from '../support/instant-clock.ts'
import { type ScriptedAnswer, type ScriptedHost, startScriptedHost } from '../support/scripted-host.ts'

const apiKey = 'r8_key-of-the-operator'
const output = 'https://replicate.delivery/x/out.mp4'
const submitRoute = 'POST /v1/models/kwaivgi/kling-v2.5-turbo-pro/predictions'
const frame: FrameReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }
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

const makeStandIn: MakeStandIn = (host) => {
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
    routes: { submit: submitRoute, status, cancel: 'POST /v1/predictions/p1/cancel', upload: ['POST /v1/files'] },
    operation: { id: 'p1' },
    submitted: { status: 201, json: prediction({}) },
    pending: { json: prediction(states.pending) },
    job: (state) => host.on(status, { json: prediction(states[state]) }),
    outputUrl: output,
    uploads: (failure) => {
      const stored = { status: 201, json: { id: 'f1', urls: { get: 'https://api.replicate.com/v1/files/f1' } } }
      host.on('POST /v1/files', ...(failure ? [failure, stored] : [stored]))
    },
    uploadedBy: 'POST /v1/files',
    cancelAccepted: { json: prediction({ status: 'canceled' }) },
    cancelTooLate: { json: prediction({ status: 'succeeded', output }) },
  }
}

describeProviderContract('replicate', (origin, wire) => new ReplicateProvider({ apiKey, origins: { api: origin }, ...wire }), makeStandIn)

describe('replicate', () => {
  let network: Network
  let host: ScriptedHost
  let provider: ReplicateProvider
  const { signal } = new AbortController()

  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    host = await startScriptedHost()
    provider = new ReplicateProvider({ apiKey, origins: { api: host.origin }, network, clock: createInstantClock(), random: () => 0.5 })
    host.on(submitRoute, { status: 201, json: prediction({}) })
  })
  afterEach(async () => {
    await network.close()
    await host[Symbol.asyncDispose]()
  })
  const body = () => host.to(submitRoute)[0]?.json
  const status = (answer: ScriptedAnswer) => {
    host.on('GET /v1/predictions/p1', answer)
    return provider.status({ id: 'p1' }, { signal })
  }

  describe('the body of a create call', () => {
    it('for words alone', async () => {
      await provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
      expect(body()).toStrictEqual({ input: { prompt: 'p', duration: 5 } })
      expect(host.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' })
      expect(host.requests[0]?.headers).not.toHaveProperty('prefer')
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

    it('for a picture, whose shape the clip takes', async () => {
      const request = { prompt: 'p', durationSeconds: 5, aspectRatio: '9:16', startFrame: frame } as const
      await provider.start(request, { startFrame: { url: 'https://f/1' } }, { attemptId: 'a1', signal })
      expect(body()).toStrictEqual({ input: { prompt: 'p', duration: 5, start_image: 'https://f/1' } })
    })

    it('for a first and a last picture', async () => {
      const frames = { startFrame: { url: 'https://f/1' }, lastFrame: { url: 'https://f/2' } }
      const request = { prompt: 'p', negativePrompt: 'n', durationSeconds: 5, startFrame: frame, lastFrame: frame } as const
      await provider.start(request, frames, { attemptId: 'a1', signal })
      const input = { prompt: 'p', duration: 5, negative_prompt: 'n', start_image: 'https://f/1', end_image: 'https://f/2' }
      expect(body()).toStrictEqual({ input })
    })
  })

  it('accepts a create answer that holds little more than the id', async () => {
    host.on(submitRoute, { status: 202, json: { id: 'p7', status: 'a state of tomorrow' } })
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
      host.on(submitRoute, answer)
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
      host.on('POST /v1/predictions/p1/cancel', { json: prediction({ status: 'canceled' }) })
      await provider.cancel({ id: 'p1' }, { signal })
      expect(host.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
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
      host.on('POST /v1/predictions/p1/cancel', answer)
      expect(await provider.cancel({ id: 'p1' }, { signal })).toBe(outcome)
    })

    it('with a bad key is an error', async () => {
      host.on('POST /v1/predictions/p1/cancel', { status: 401, json: { detail: 'no' } })
      await expect(provider.cancel({ id: 'p1' }, { signal })).rejects.toMatchObject({ kind: 'auth', failoverSafe: false })
    })
  })

  it('uploads a picture as a form with its type and no name of a member', async () => {
    host.on('POST /v1/files', { status: 200, json: { id: 'f1', urls: { get: 'https://api.replicate.com/v1/files/f1' } } })
    const hosted = await provider.prepare({ ...frame, bytes: Buffer.from([1, 2, 3]) }, { signal })
    expect(hosted).toStrictEqual({ url: 'https://api.replicate.com/v1/files/f1' })
    const [upload] = host.requests
    const boundary = /boundary=(.+)/.exec(upload?.headers['content-type'] ?? '')?.[1] ?? 'none'
    const parts = (upload?.bytes.toString('latin1') ?? '').split(`--${boundary}`).map((part) => part.trim().split('\r\n'))
    expect(parts.slice(1, -1)).toEqual([
      ['Content-Disposition: form-data; name="content"; filename="ab.jpg"', 'Content-Type: image/jpeg', '', '\u0001\u0002\u0003'],
      [expect.stringContaining('name="metadata"'), 'Content-Type: application/json', '', '{}'],
    ])
  })
})
