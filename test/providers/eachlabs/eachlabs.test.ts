import { createHmac } from 'node:crypto'

import { describe, expect, it } from 'vitest'

import { eachlabs } from '../../../src/providers/eachlabs/descriptor.ts'
import { createEachlabs } from '../../../src/providers/eachlabs/provider.ts'
import { describeProviderContract } from '../../contracts/provider.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { setUpProvider } from '../stage.ts'
import {
  accepted,
  apiKey,
  cancelRoute,
  eachlabsStandIn,
  image,
  output,
  stored,
  submitRoute,
  ticketRoute,
  webhookSecret,
} from './stand-in.ts'

describeProviderContract(eachlabs, eachlabsStandIn)

const stage = setUpProvider(
  (origin, context) => createEachlabs({ apiKey, origins: { api: origin } }, context),
  (own) => own.on(submitRoute, { json: accepted }),
)
const { signal } = new AbortController()
const start = () => stage.provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })

it('authenticates with both headers', async () => {
  await start()
  expect(stage.server.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey })
})

it.each([
  ['as documented', { json: accepted }],
  ['as created', { status: 201, json: accepted }],
  ['by the other name', { json: { id: 'p1' } }],
  ['in an unknown state', { json: { ...accepted, status: 'queued' } }],
])('accepts a job: %s', async (_, answer) => {
  stage.server.on(submitRoute, answer)
  expect(await start()).toStrictEqual({ id: 'p1' })
})

describe('a refused create call', () => {
  const cases: [string, ScriptedAnswer, object][] = [
    ['invalid input', { status: 400, json: { status: 'error', message: 'x', details: 'y' } }, { kind: 'invalid_input' }],
    ['invalid input without a word', { status: 422, json: {} }, { kind: 'invalid_input' }],
    ['a bad key', { status: 401, json: {} }, { kind: 'auth' }],
    ['no credit', { status: 402, json: { status: 402, error: 'payment required', details: 'x' } }, { kind: 'no_credit' }],
    ['no credit under 422', { status: 422, json: { error: 'Insufficient balance' } }, { kind: 'no_credit' }],
    ['a prediction that could not be created', { status: 500, json: { error: 'Failed to create prediction' } }, { kind: 'unavailable' }],
    ['an unknown model', { status: 404, json: { error: 'x' } }, { kind: 'unavailable' }],
    [
      '429',
      { status: 429, json: { status: 429, error: 'too many requests', details: 'Account rate limited: x' } },
      { kind: 'rate_limited', retryable: true },
    ],
    ['429 with a hint', { status: 429, headers: { 'retry-after': '12' }, text: '' }, { kind: 'rate_limited', retryAfterMs: 12_000 }],
    [
      'content',
      { status: 400, json: { status: 'error', details: { reason: 'flagged as sensitive' } } },
      { kind: 'moderation', failoverSafe: false },
    ],
    ['success without an id', { json: { status: 'success', message: 'x' } }, { kind: 'submission_unknown', failoverSafe: false }],
    ['an error under 200', { json: { status: 'error', message: 'x' } }, { kind: 'submission_unknown', failoverSafe: false }],
  ]
  it.each(cases)('%s', async (_, answer, expected) => {
    stage.server.on(submitRoute, { ...answer, headers: { ...answer.headers, 'x-request-id': 'r9' } })
    await expect(start()).rejects.toMatchObject({ failoverSafe: true, ...expected })
    expect(stage.server.requests).toHaveLength(1)
  })

  it('carry the id of the request', async () => {
    stage.server.on(submitRoute, { status: 400, headers: { 'x-request-id': 'r9' }, json: {} })
    await expect(start()).rejects.toMatchObject({ requestId: 'r9' })
  })
})

describe('a cancel', () => {
  it.each<[string, ScriptedAnswer, string]>([
    ['cancelled', { json: { status: 'cancelled', predictionID: 'p1' } }, 'unknown'],
    ['success, which may mean either', { json: { status: 'success' } }, 'unknown'],
    ['nothing', { status: 200, text: '' }, 'unknown'],
    ['an error under 200', { json: { status: 'error', message: 'x' } }, 'unsupported'],
    ['400', { status: 400, json: {} }, 'unsupported'],
    ['409', { status: 409, json: {} }, 'unsupported'],
  ])('answered by %s', async (_, answer, outcome) => {
    stage.server.on(cancelRoute, answer)
    expect(await stage.provider.cancel({ id: 'p1' }, { signal })).toBe(outcome)
  })

  it('with a bad key is an error', async () => {
    stage.server.on(cancelRoute, { status: 401, json: {} })
    await expect(stage.provider.cancel({ id: 'p1' }, { signal })).rejects.toMatchObject({ kind: 'auth', failoverSafe: false })
  })
})

it('uploads an image with the required headers, without the key', async () => {
  const headers = { 'Content-Type': 'image/jpeg', 'x-signed': 'yes' }
  stage.server.on(ticketRoute, {
    json: { presigned_url: `${stage.elsewhere.origin}/bucket/1?s=1`, public_url: stored, required_headers: headers },
  })
  stage.elsewhere.on('PUT /bucket/1', { status: 200 })
  expect(await stage.provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })).toStrictEqual({ url: stored })
  expect(stage.server.requests[0]?.json).toStrictEqual({ content_type: 'image/jpeg', file_type: 'image', expires_in_seconds: 86_400 })
  expect(stage.elsewhere.requests[0]?.headers).toMatchObject({ 'content-type': 'image/jpeg', 'x-signed': 'yes' })
  for (const name of ['authorization', 'x-api-key']) expect(stage.elsewhere.requests[0]?.headers).not.toHaveProperty(name)
})

describe('a webhook', () => {
  const body = JSON.stringify({ exec_id: 'p1', status: 'succeeded', output, error: '' })
  const verify = (headers: Record<string, string>) =>
    stage.provider.verifyWebhook({ headers, rawBody: Buffer.from(body), now: 1_760_000_000_000, signal })
  const signature = createHmac('sha256', webhookSecret).update(body).digest('hex')

  it.each<[string, Record<string, string>]>([
    ['that echoes the secret', { 'x-webhook-secret': webhookSecret }],
    ['that is signed with it', { 'x-webhook-secret': signature }],
    ['that is signed with it, by name', { 'x-webhook-secret': `sha256=${signature}` }],
    ['that says nothing, and proves nothing', {}],
  ])('%s is read', async (_, headers) => {
    expect(await verify(headers)).toStrictEqual({ operation: { id: 'p1' }, deliveryId: 'p1:succeeded' })
  })
})
