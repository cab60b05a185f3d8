import { describe, expect, it } from 'vitest'

import { replicate } from '../../../src/providers/replicate/descriptor.ts'
import { createReplicate } from '../../../src/providers/replicate/provider.ts'
import { describeProviderContract } from '../../contracts/provider.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { setUpProvider } from '../stage.ts'
import { apiKey, image, output, prediction, replicateStandIn, submitRoute } from './stand-in.ts'

describeProviderContract(replicate, replicateStandIn)

const stage = setUpProvider(
  (origin, context) => createReplicate({ apiKey, origins: { api: origin } }, context),
  (own) => own.on(submitRoute, { status: 201, json: prediction({}) }),
)
const { signal } = new AbortController()
const start = () => stage.provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
const status = (answer: ScriptedAnswer) => {
  stage.server.on('GET /v1/predictions/p1', answer)
  return stage.provider.status({ id: 'p1' }, { signal })
}

it('does not ask Replicate to delay the response', async () => {
  await start()
  expect(stage.server.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${apiKey}` })
  expect(stage.server.requests[0]?.headers).not.toHaveProperty('prefer')
})

it('accepts a create response that holds little more than the id', async () => {
  stage.server.on(submitRoute, { status: 202, json: { id: 'p7', status: 'a state of tomorrow' } })
  expect(await stage.provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })).toStrictEqual({ id: 'p7' })
})

describe('a refused create call', () => {
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
    ['429 with a header', { status: 429, headers: { 'retry-after': '5' }, json: { ...throttled, retry_after: 9 } }, { retryAfterMs: 5000 }],
    ['429 with a field', { status: 429, json: { ...throttled, retry_after: 9 } }, { kind: 'rate_limited', retryAfterMs: 9000 }],
    ['429 with a sentence', { status: 429, json: throttled }, { kind: 'rate_limited', retryAfterMs: 7000, retryable: true }],
    ['429 without a hint', { status: 429, text: '' }, { kind: 'rate_limited', retryAfterMs: undefined }],
  ]
  it.each(cases)('%s', async (_, answer, expected) => {
    stage.server.on(submitRoute, answer)
    const started = stage.provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
    await expect(started).rejects.toMatchObject({ failoverSafe: true, ...expected })
  })
})

describe('the states of a prediction', () => {
  const unnamed = { state: 'completed', url: undefined }
  const cases: [string, Record<string, unknown>, object][] = [
    ['starting', { status: 'starting' }, { state: 'pending', progress: undefined }],
    ['processing', { status: 'processing', logs: 'warming up' }, { state: 'pending', progress: undefined }],
    ['processing with progress', { status: 'processing', logs: 'x\n 10%|#   | 1/10\n 40%|####   | 4/10 [0s]\n' }, { progress: 0.4 }],
    ['succeeded', { status: 'succeeded', output }, { state: 'completed', url: output }],
    ['succeeded an hour ago', { status: 'succeeded', output: null, data_removed: true }, unnamed],
    ['succeeded with nothing', { status: 'succeeded' }, unnamed],
    ['failed', { status: 'failed', error: 'boom' }, { state: 'failed', error: { kind: 'unavailable' }, billed: false }],
    ['refused', { status: 'failed', error: 'flagged as sensitive (E005)' }, { state: 'failed', error: { kind: 'moderation' } }],
    ['refused by Kling', { status: 'failed', error: 'FAILURE to pass the Risk Control System' }, { error: { kind: 'moderation' } }],
    ['canceled', { status: 'canceled' }, { state: 'cancelled' }],
    ['aborted', { status: 'aborted' }, { state: 'cancelled', billed: false }],
  ]
  it.each(cases)('%s', async (_, more, expected) => {
    expect(await status({ json: prediction(more) })).toMatchObject(expected)
  })

  it('do not say whether a cancelled one was billed', async () => {
    expect(await status({ json: prediction({ status: 'canceled' }) })).toStrictEqual({ state: 'cancelled' })
  })

  it.each([['no URL'], [['https://a.example/list.mp4']], [5]])('do not accept %j as a clip', async (odd) => {
    await expect(status({ json: prediction({ status: 'succeeded', output: odd }) })).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('ignore the links in the response', async () => {
    await status({ json: prediction({ status: 'processing' }) })
    stage.server.on('POST /v1/predictions/p1/cancel', { json: prediction({ status: 'canceled' }) })
    await stage.provider.cancel({ id: 'p1' }, { signal })
    expect(stage.server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual([
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
    ['an empty response', { status: 204 }, 'unknown'],
    ['succeeded', { json: prediction({ status: 'succeeded', output }) }, 'unsupported'],
    ['failed', { json: prediction({ status: 'failed' }) }, 'unsupported'],
    ['an error because it is over', { status: 422, json: { detail: 'already finished' } }, 'unsupported'],
  ]
  it.each(cases)('answered by %s', async (_, answer, outcome) => {
    stage.server.on('POST /v1/predictions/p1/cancel', answer)
    expect(await stage.provider.cancel({ id: 'p1' }, { signal })).toBe(outcome)
  })

  it('with a bad key is an error', async () => {
    stage.server.on('POST /v1/predictions/p1/cancel', { status: 401, json: { detail: 'no' } })
    await expect(stage.provider.cancel({ id: 'p1' }, { signal })).rejects.toMatchObject({ kind: 'auth', failoverSafe: false })
  })
})

it('uploads an image as a form that says nothing about the member', async () => {
  stage.server.on('POST /v1/files', { status: 200, json: { id: 'f1', urls: { get: 'https://api.replicate.com/v1/files/f1' } } })
  const hosted = await stage.provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })
  expect(hosted).toStrictEqual({ url: 'https://api.replicate.com/v1/files/f1' })
  const [upload] = stage.server.requests
  const boundary = /boundary=(.+)/.exec(upload?.headers['content-type'] ?? '')?.[1] ?? 'none'
  const context = (upload?.bytes.toString('latin1') ?? '').split(`--${boundary}`).map((part) => part.trim().split('\r\n'))
  expect(context.slice(1, -1)).toEqual([
    ['Content-Disposition: form-data; name="content"; filename="ab.jpg"', 'Content-Type: image/jpeg', '', '\u0001\u0002\u0003'],
    [expect.stringContaining('name="metadata"'), 'Content-Type: application/json', '', '{}'],
  ])
})
