import { describe, expect, it } from 'vitest'

import { fal } from '../../../src/providers/fal/descriptor.ts'
import { createFal } from '../../../src/providers/fal/provider.ts'
import { describeProviderContract } from '../../contracts/provider.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { ed25519Key, publicX, signLikeFal } from '../../support/providers/webhook-signatures.ts'
import { setUpProvider } from '../stage.ts'
import {
  apiKey,
  cancelRoute,
  detail,
  falStandIn,
  image,
  keyRoute,
  operationOf,
  output,
  requestPath,
  result,
  statusRoute,
  submitted,
  textRoute,
  ticketRoute,
} from './stand-in.ts'

describeProviderContract(fal, falStandIn)

const stage = setUpProvider(
  (origin, context) => createFal({ apiKey, origins: { queue: origin, rest: origin } }, context),
  (own) => own.on(textRoute, submitted(own.origin)),
)
const { signal } = new AbortController()
const start = () => stage.provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })

it('disables reruns and fallbacks at fal', async () => {
  await start()
  expect(stage.server.requests[0]?.headers).toMatchObject({
    ...{ authorization: `Key ${apiKey}`, 'x-fal-no-retry': '1', 'x-app-fal-disable-fallback': 'true' },
    'x-fal-object-lifecycle-preference': '{"expiration_duration_seconds":86400}',
  })
})

describe('a refused submit', () => {
  const locked = { detail: 'User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing.' }
  const cases: [string, ScriptedAnswer, object][] = [
    ['a bad key', { status: 401, json: { detail: 'Authentication is required' } }, { kind: 'auth' }],
    ['a locked account', { status: 403, json: locked }, { kind: 'no_credit' }],
    ['a model not allowed', { status: 403, json: { detail: 'Forbidden' } }, { kind: 'auth' }],
    ['a bad request', { status: 400, json: { detail: 'bad', error_type: 'bad_request' } }, { kind: 'invalid_input' }],
    ['a bad value', { status: 422, json: detail('one_of') }, { kind: 'invalid_input' }],
    ['content', { status: 422, json: detail('content_policy_violation') }, { kind: 'moderation', failoverSafe: false }],
    [
      'a full queue',
      { status: 429, json: { detail: 'queue is full' } },
      { kind: 'rate_limited', retryable: true, retryAfterMs: undefined },
    ],
    ['a full queue with a hint', { status: 429, headers: { 'retry-after': '7' }, text: '' }, { kind: 'rate_limited', retryAfterMs: 7000 }],
  ]
  it.each(cases)('%s', async (_, answer, expected) => {
    stage.server.on(textRoute, { ...answer, headers: { ...answer.headers, 'x-fal-request-id': 'r9' } })
    const started = stage.provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
    await expect(started).rejects.toMatchObject({ failoverSafe: true, requestId: 'r9', ...expected })
  })
})

describe('URLs that fal returns', () => {
  it('may be missing', async () => {
    stage.server.on(textRoute, { json: { request_id: 'r1', gateway_request_id: 'g1' } })
    const operation = await stage.provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
    expect(operation).toStrictEqual({ id: 'r1' })
    stage.server.on(statusRoute, { json: { status: 'COMPLETED' } })
    stage.server.on(`GET ${requestPath}`, result)
    stage.server.on(cancelRoute, { status: 202, json: { status: 'CANCELLATION_REQUESTED' } })
    expect(await stage.provider.status(operation, { signal })).toMatchObject({ state: 'completed', url: output })
    expect(await stage.provider.cancel(operation, { signal })).toBe('unknown')
  })

  it('are used unchanged', async () => {
    stage.server.on('GET /queue/v2/r1', { status: 202, json: { status: 'IN_QUEUE', queue_position: 3 } })
    const status = await stage.provider.status({ id: 'r1', statusUrl: `${stage.server.origin}/queue/v2/r1?logs=0` }, { signal })
    expect(status).toStrictEqual({ state: 'pending', position: 3 })
    expect(stage.server.requests[0]?.path).toBe('/queue/v2/r1?logs=0')
  })

  it('never receive the key elsewhere', async () => {
    stage.server.on(textRoute, submitted(stage.elsewhere.origin))
    const operation = await stage.provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
    stage.server.on(statusRoute, { json: { status: 'COMPLETED', response_url: stage.elsewhere.origin } })
    stage.server.on(`GET ${requestPath}`, result)
    stage.server.on(cancelRoute, { status: 202 })
    expect(await stage.provider.status(operation, { signal })).toMatchObject({ state: 'completed' })
    await stage.provider.cancel(operation, { signal })
    expect(stage.elsewhere.requests).toEqual([])
  })

  it('for an image may be on any server, which gets its bytes but not the key', async () => {
    stage.server.on(ticketRoute, {
      json: { upload_url: `${stage.elsewhere.origin}/bucket/1?signature=s`, file_url: 'https://v3.fal.media/files/1.jpg' },
    })
    stage.elsewhere.on('PUT /bucket/1', { status: 200 })
    const hosted = await stage.provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })
    expect(hosted).toStrictEqual({ url: 'https://v3.fal.media/files/1.jpg' })
    expect(stage.server.requests).toHaveLength(1)
    expect(stage.server.requests[0]).toMatchObject({
      path: '/storage/upload/initiate?storage_type=fal-cdn-v3',
      headers: { authorization: `Key ${apiKey}`, 'x-fal-object-lifecycle': '{"expiration_duration_seconds":86400}' },
    })
    expect(stage.server.requests[0]?.json).toStrictEqual({ content_type: 'image/jpeg', file_name: 'ab.jpg' })
    const [upload] = stage.elsewhere.requests
    expect(upload).toMatchObject({ path: '/bucket/1?signature=s', headers: { 'content-type': 'image/jpeg', 'content-length': '3' } })
    expect(upload?.headers).not.toHaveProperty('authorization')
    expect([...(upload?.bytes ?? [])]).toEqual([1, 2, 3])
  })

  it.each([403, 500])('for an image may respond with %i, which says nothing about the key', async (status) => {
    stage.server.on(ticketRoute, {
      json: { upload_url: `${stage.elsewhere.origin}/bucket/1?signature=s`, file_url: 'https://v3.fal.media/files/1.jpg' },
    })
    stage.elsewhere.on('PUT /bucket/1', { status, text: '<Error>secret</Error>' })
    const prepared = stage.provider.prepare({ ...image, bytes: Buffer.from([1]) }, { signal })
    await expect(prepared).rejects.toMatchObject({ kind: 'unavailable', retryable: true, failoverSafe: true })
    expect(stage.elsewhere.requests).toHaveLength(3)
  })
})

describe('a webhook', () => {
  const at = 1_760_000_000_000
  const deliver = (body: string, id: string) => {
    stage.server.on(keyRoute, { json: { keys: [{ x: publicX(ed25519Key(7)) }] } })
    return stage.provider.verifyWebhook({
      headers: signLikeFal(ed25519Key(7), body, { id, at }),
      rawBody: Buffer.from(body),
      now: at,
      signal,
    })
  }

  it('is about the request itself, also when fal reran it', async () => {
    const body = JSON.stringify({ request_id: 'r1', gateway_request_id: 'g2', status: 'OK', payload: {} })
    expect(await deliver(body, 'r1')).toStrictEqual({ operation: { id: 'r1' }, deliveryId: 'r1' })
    expect(await deliver(body, 'g2')).toStrictEqual({ operation: { id: 'r1' }, deliveryId: 'g2' })
  })

  it('whose header names another request than its body is refused, however well it is signed', async () => {
    await expect(deliver(JSON.stringify({ request_id: 'r1', status: 'OK' }), 'r3')).rejects.toThrow('about two requests')
  })
})

describe('a cancel', () => {
  it.each<[ScriptedAnswer, string]>([
    [{ status: 202, json: { status: 'CANCELLATION_REQUESTED' } }, 'unknown'],
    [{ status: 200, json: { status: 'OK' } }, 'unknown'],
    [{ status: 202, text: '' }, 'unknown'],
    [{ status: 400, json: { status: 'ALREADY_COMPLETED' } }, 'unsupported'],
    [{ status: 404, json: { status: 'NOT_FOUND' } }, 'unsupported'],
  ])('answered by %j is %s', async (answer, outcome) => {
    stage.server.on(cancelRoute, answer)
    expect(await stage.provider.cancel(operationOf(stage.server.origin), { signal })).toBe(outcome)
    expect(stage.server.requests[0]).toMatchObject({ method: 'PUT', path: `${requestPath}/cancel` })
  })

  it.each([
    [400, 'invalid_input'],
    [401, 'auth'],
    [500, 'unavailable'],
  ])('answered by %i is an error', async (status, kind) => {
    stage.server.on(cancelRoute, { status, json: { detail: 'no' } })
    await expect(stage.provider.cancel(operationOf(stage.server.origin), { signal })).rejects.toMatchObject({ kind, failoverSafe: false })
  })
})
