import { createHmac } from 'node:crypto'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ImageReference } from '../../src/domain/image.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import { eachlabs } from '../../src/providers/eachlabs/descriptor.ts'
import { EachlabsProvider } from '../../src/providers/eachlabs/provider.ts'
import { describeProviderContract } from '../contracts/provider.ts'
import type { MakeStandIn } from '../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../contracts/provider-submissions.ts'
import { createInstantClock } from '../support/instant-clock.ts'
import { type ScriptedAnswer, type ScriptedProvider, startScriptedProvider } from '../support/scripted-provider.ts'

const apiKey = 'el-key-of-the-operator'
const output = 'https://storage.eachlabs.ai/x/out.mp4'
const submitRoute = 'POST /v1/prediction'
const statusRoute = 'GET /v1/prediction/p1'
const cancelRoute = 'POST /v1/prediction/p1/cancel'
const ticketRoute = 'POST /v1/upload/presign'
const stored = 'https://storage.eachlabs.ai/1.png'
const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }
/** Of the key above, for ever: a job made before a restart is still announced with it. */
const webhookSecret = createHmac('sha256', apiKey).update('rushes webhooks from eachlabs').digest('hex')

const prediction = (more: Record<string, unknown> = {}) => ({
  ...{ id: 'p1', input: { prompt: 'secret' }, status: 'processing', output: null, logs: null, metrics: { predict_time: 0, cost: 0 } },
  ...{ urls: { cancel: 'https://elsewhere.example/p1/cancel', get: 'https://elsewhere.example/p1' }, ...more },
})
const accepted = { status: 'success', message: 'Prediction created successfully', predictionID: 'p1' }

const makeStandIn: MakeStandIn = (server) => {
  const states = {
    pending: { status: 'processing' },
    completed: { status: 'success', output, metrics: { predict_time: 151.2, cost: 0.35 } },
    failed: { status: 'error', output: { error: 'secret', error_code: 'PROVIDER_FAILED' } },
    refused: { status: 'failed', output: { error_message: 'Failure to pass the risk control system' } },
    cancelled: { status: 'cancelled' },
  }
  const order = (model: 'text' | 'image', input: object, isAnnounced = false) => ({
    json: {
      ...{ model: `kling-v2-5-turbo-pro-${model}-to-video`, version: '0.0.1', input: { prompt: 'a heron', ...input } },
      ...(isAnnounced && { webhook_url: webhookUrl, webhook_secret: webhookSecret }),
    },
  })
  return {
    key: apiKey,
    routes: { submit: submitRoute, status: statusRoute, cancel: cancelRoute, upload: [ticketRoute, 'PUT /bucket/1'] },
    asksBy: 'path',
    operation: { id: 'p1' },
    submitted: { json: accepted },
    pending: { json: prediction(states.pending) },
    unknownState: { json: prediction({ status: 'secret' }) },
    refusedContent: { status: 422, json: { status: 'error', message: 'Failure to pass the risk control system', details: '' } },
    submissions: {
      words: order('text', { duration: '5' }),
      'words with everything': order('text', { duration: '10', negative_prompt: 'haze', cfg_scale: 0.25, aspect_ratio: '9:16' }, true),
      'square words': order('text', { duration: '5', aspect_ratio: '1:1' }),
      'words with nothing in it': order('text', { duration: '5', negative_prompt: '', cfg_scale: 0, aspect_ratio: '16:9' }),
      'a picture': order('image', { duration: '5', image_url: imageUrls.first }),
      'two pictures with everything': order(
        'image',
        { duration: '10', negative_prompt: 'haze', cfg_scale: 1, image_url: imageUrls.first, tail_image_url: imageUrls.last },
        true,
      ),
    },
    webhook: {
      headers: () => ({ 'x-webhook-secret': webhookSecret }),
      forged: () => ({ 'x-webhook-secret': createHmac('sha256', 'somebody').update('else').digest('hex') }),
      bodies: (id) => [
        { exec_id: id, flow_id: null, status: 'succeeded', output, error: '' },
        { exec_id: id, flow_id: null, status: 'failed', output: [{ id: '', status: '', output: '', error: 'secret' }], error: '' },
        { predictionID: id, status: 'success', output },
      ],
      otherId: 'p2',
    },
    job: (state) => server.on(statusRoute, { json: prediction(states[state]) }),
    outputUrl: output,
    uploads: (failure) => {
      const headers = { 'x-acl': 'public-read' }
      const ticket = {
        json: { id: 'f1', presigned_url: `${server.origin}/bucket/1?signature=s`, public_url: stored, required_headers: headers },
      }
      server.on(ticketRoute, ...(failure ? [failure, ticket] : [ticket]))
      server.on('PUT /bucket/1', { status: 200 })
    },
    uploadedBy: 'PUT /bucket/1',
    uploadedAs: stored,
    cancelAccepted: { json: { status: 'cancelled', message: 'Prediction canceled successfully', predictionID: 'p1' } },
    cancelTooLate: { status: 409, json: { error: 'already finished' } },
  }
}

describeProviderContract(eachlabs, makeStandIn)

describe('eachlabs', () => {
  let network: Network
  let server: ScriptedProvider
  let provider: EachlabsProvider
  const { signal } = new AbortController()

  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    server = await startScriptedProvider()
    provider = new EachlabsProvider(
      { apiKey, origins: { api: server.origin } },
      { network, clock: createInstantClock(), random: () => 0.5 },
    )
    server.on(submitRoute, { json: accepted })
  })
  afterEach(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
  })
  const start = () => provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
  const status = (more: Record<string, unknown>) => {
    server.on(statusRoute, { json: prediction(more) })
    return provider.status({ id: 'p1' }, { signal })
  }

  it('says who it is in both ways', async () => {
    await start()
    expect(server.requests[0]?.headers).toMatchObject({ authorization: `Bearer ${apiKey}`, 'x-api-key': apiKey })
  })

  it.each([
    ['as documented', { json: accepted }],
    ['as created', { status: 201, json: accepted }],
    ['by the other name', { json: { id: 'p1' } }],
    ['in a state of tomorrow', { json: { ...accepted, status: 'queued' } }],
  ])('takes a job for accepted: %s', async (_, answer) => {
    server.on(submitRoute, answer)
    expect(await start()).toStrictEqual({ id: 'p1' })
  })

  describe('refusals of a create call', () => {
    const cases: [string, ScriptedAnswer, object][] = [
      ['invalid input', { status: 400, json: { status: 'error', message: 'x', details: 'y' } }, { kind: 'invalid_input' }],
      ['invalid input without a word', { status: 422, json: {} }, { kind: 'invalid_input' }],
      ['a bad key', { status: 401, json: {} }, { kind: 'auth' }],
      ['no credit', { status: 402, json: { status: 402, error: 'payment required', details: 'x' } }, { kind: 'no_credit' }],
      ['no credit under 422', { status: 422, json: { error: 'Insufficient balance' } }, { kind: 'no_credit' }],
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
      server.on(submitRoute, { ...answer, headers: { ...answer.headers, 'x-request-id': 'r9' } })
      await expect(start()).rejects.toMatchObject({ failoverSafe: true, ...expected })
      expect(server.requests).toHaveLength(1)
    })

    it('carry the id of the request', async () => {
      server.on(submitRoute, { status: 400, headers: { 'x-request-id': 'r9' }, json: {} })
      await expect(start()).rejects.toMatchObject({ requestId: 'r9' })
    })
  })

  describe('the states of a prediction', () => {
    const done = { state: 'completed', url: output, cost: 350_000 }
    const failed = (kind: string, billed?: boolean) => ({ state: 'failed', error: { kind, failoverSafe: false }, billed })
    const metrics = { predict_time: 1, cost: 0.35 }
    const cases: [string, Record<string, unknown>, object][] = [
      ...['created', 'queued', 'starting', 'processing'].map((state): [string, Record<string, unknown>, object] => [
        state,
        { status: state },
        { state: 'pending' },
      ]),
      ['success', { status: 'success', output, metrics }, done],
      ['success by the other id', { id: undefined, predictionID: 'p1', status: 'success', output, metrics }, done],
      ["success in the webhook's word", { status: 'succeeded', output, metrics }, done],
      ['success in a list', { status: 'success', output: [output], metrics }, done],
      ['success in an object', { status: 'success', output: { url: output }, metrics }, done],
      ['success in a list of objects', { status: 'success', output: [{ url: output }, 5], metrics }, done],
      ['success as a video', { status: 'success', output: { video: { url: output } }, metrics }, done],
      ['success as a video by itself', { status: 'success', output: { video: output }, metrics }, done],
      ['success, not yet counted', { status: 'success', output, metrics: { cost: 0 } }, { ...done, cost: undefined }],
      ['success without metrics', { status: 'success', output, metrics: null }, { ...done, cost: undefined }],
      ['success without a clip', { status: 'success', output: null }, failed('output_gone', true)],
      ['error', { status: 'error', metrics: null }, failed('unavailable')],
      ['failed', { status: 'failed', metrics: {} }, failed('unavailable')],
      ['error, free', { status: 'error', metrics: { cost: 0 } }, failed('unavailable', false)],
      ['error, billed', { status: 'error', metrics: { cost: 0.35 } }, failed('unavailable', true)],
      ...(
        [
          ['PROVIDER_FAILED', 'unavailable'],
          ['PROVIDER_REJECTED', 'moderation'],
          ['PROVIDER_RATE_LIMIT', 'rate_limited'],
          ['PROVIDER_BAD_REQUEST', 'invalid_input'],
          ['INPUT_VALIDATION_ERROR', 'invalid_input'],
          ['EXECUTION_TIMEOUT', 'timeout'],
          ['INPUT_DOWNLOAD_ERROR', 'unavailable'],
        ] as const
      ).flatMap(([code, kind]): [string, Record<string, unknown>, object][] => [
        [code, { status: 'error', output: { error: 'x', error_code: code, retryable: false } }, failed(kind, false)],
        [`${code} in the message`, { status: 'error', message: `${code}: x` }, failed(kind, false)],
      ]),
      ...['message', 'details', 'error', 'logs', 'output'].map((place): [string, Record<string, unknown>, object] => [
        `content, said in ${place}`,
        { status: 'error', [place]: 'Failure to pass the risk control system' },
        failed('moderation', false),
      ]),
      ['content, said in a list', { status: 'failed', output: [{ error: 'flagged as sensitive' }] }, failed('moderation', false)],
      ['cancelled', { status: 'cancelled' }, { state: 'cancelled', billed: false }],
      ['canceled', { status: 'canceled' }, { state: 'cancelled', billed: false }],
    ]
    it.each(cases)('%s', async (_, more, expected) => {
      expect(await status(more)).toMatchObject(expected)
    })

    it.each([['no URL'], [5], [[]], [{ href: output }]])('do not take %j for a clip', async (odd) => {
      await expect(status({ status: 'success', output: odd })).rejects.toMatchObject({ kind: 'unavailable', retryable: true })
    })

    it('lead nowhere but to Eachlabs', async () => {
      await status({ status: 'processing' })
      server.on(cancelRoute, { json: { status: 'success' } })
      await provider.cancel({ id: 'p1' }, { signal })
      expect(server.requests.map(({ route }) => route)).toEqual([statusRoute, cancelRoute])
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
      server.on(cancelRoute, answer)
      expect(await provider.cancel({ id: 'p1' }, { signal })).toBe(outcome)
    })

    it('with a bad key is an error', async () => {
      server.on(cancelRoute, { status: 401, json: {} })
      await expect(provider.cancel({ id: 'p1' }, { signal })).rejects.toMatchObject({ kind: 'auth', failoverSafe: false })
    })
  })

  it('uploads an image with the headers it was told, and keeps the key', async () => {
    await using elsewhere = await startScriptedProvider()
    const headers = { 'Content-Type': 'image/jpeg', 'x-signed': 'yes' }
    server.on(ticketRoute, { json: { presigned_url: `${elsewhere.origin}/bucket/1?s=1`, public_url: stored, required_headers: headers } })
    elsewhere.on('PUT /bucket/1', { status: 200 })
    expect(await provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })).toStrictEqual({ url: stored })
    expect(server.requests[0]?.json).toStrictEqual({ content_type: 'image/jpeg', file_type: 'image', expires_in_seconds: 86_400 })
    expect(elsewhere.requests[0]?.headers).toMatchObject({ 'content-type': 'image/jpeg', 'x-signed': 'yes' })
    for (const name of ['authorization', 'x-api-key']) expect(elsewhere.requests[0]?.headers).not.toHaveProperty(name)
  })

  describe('a webhook', () => {
    const body = JSON.stringify({ exec_id: 'p1', status: 'succeeded', output, error: '' })
    const verify = (headers: Record<string, string>) =>
      provider.verifyWebhook({ headers, rawBody: Buffer.from(body), now: 1_760_000_000_000, signal })
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
})
