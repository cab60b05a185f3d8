import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ImageReference } from '../../src/domain/image.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import { fal } from '../../src/providers/fal/descriptor.ts'
import { FalProvider } from '../../src/providers/fal/provider.ts'
import type { Operation, Status } from '../../src/providers/provider.ts'
import { describeProviderContract } from '../contracts/provider.ts'
import type { MakeStandIn } from '../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../contracts/provider-submissions.ts'
import { createInstantClock } from '../support/instant-clock.ts'
import { type ScriptedAnswer, type ScriptedProvider, startScriptedProvider } from '../support/scripted-provider.ts'
import { ed25519Key, publicX, signLikeFal } from '../support/webhook-signatures.ts'

const apiKey = 'id:key-of-the-operator'
const output = 'https://v3.fal.media/files/x/out.mp4'
const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }
const textRoute = 'POST /fal-ai/kling-video/v2.5-turbo/pro/text-to-video'
const imageRoute = 'POST /fal-ai/kling-video/v2.5-turbo/pro/image-to-video'
const requestPath = '/fal-ai/kling-video/requests/r1'
const statusRoute = `GET ${requestPath}/status`
const resultRoute = `GET ${requestPath}/response`
const cancelRoute = `PUT ${requestPath}/cancel`
const ticketRoute = 'POST /storage/upload/initiate'

const operationOf = (origin: string): Operation => ({
  id: 'r1',
  statusUrl: `${origin}${requestPath}/status`,
  responseUrl: `${origin}${requestPath}/response`,
  cancelUrl: `${origin}${requestPath}/cancel`,
})
const submitted = (origin: string): ScriptedAnswer => ({
  json: {
    ...{ status: 'IN_QUEUE', request_id: 'r1', queue_position: 0, status_url: `${origin}${requestPath}/status` },
    ...{ response_url: `${origin}${requestPath}/response`, cancel_url: `${origin}${requestPath}/cancel` },
  },
})
const result: ScriptedAnswer = { json: { video: { url: output, content_type: 'video/mp4', file_name: 'out.mp4', file_size: 123 } } }
const detail = (type: string, more: object = {}) => ({
  detail: [{ loc: ['body', 'image_url'], msg: 'secret', type, url: 'https://docs.fal.ai/errors', input: 'secret', ...more }],
})

const keyRoute = 'GET /.well-known/jwks.json'
const requestIdIn = (body: string) => /"request_id":"(\w+)"/.exec(body)?.[1] ?? 'r1'

const makeStandIn: MakeStandIn = (server) => {
  const completed = { json: { status: 'COMPLETED', request_id: 'r1' } }
  const pending = { json: { status: 'IN_PROGRESS', request_id: 'r1', logs: null } }
  const states: Record<'pending' | 'completed' | 'failed' | 'refused' | 'cancelled', [ScriptedAnswer, ScriptedAnswer]> = {
    pending: [pending, { status: 400, json: { detail: 'Request is still in progress' } }],
    completed: [completed, result],
    failed: [completed, { status: 500, json: { detail: 'secret', error_type: 'runner_server_error' } }],
    refused: [completed, { status: 422, json: detail('content_policy_violation') }],
    cancelled: [
      { json: { status: 'COMPLETED', error: 'secret', error_type: 'client_cancelled' } },
      { status: 499, json: { detail: 'secret', error_type: 'client_cancelled' } },
    ],
  }
  return {
    key: apiKey,
    routes: { submit: textRoute, status: statusRoute, cancel: cancelRoute, upload: [ticketRoute, 'PUT /bucket/1'] },
    asksBy: 'path',
    operation: operationOf(server.origin),
    submitted: submitted(server.origin),
    pending,
    unknownState: { json: { status: 'secret' } },
    refusedContent: { status: 422, json: detail('content_policy_violation') },
    submissions: {
      words: { json: { prompt: 'a heron', duration: '5' } },
      'words with everything': {
        query: { fal_webhook: webhookUrl },
        json: { prompt: 'a heron', duration: '10', negative_prompt: 'haze', cfg_scale: 0.25, aspect_ratio: '9:16' },
      },
      'square words': { json: { prompt: 'a heron', duration: '5', aspect_ratio: '1:1' } },
      'words with nothing in it': { json: { prompt: 'a heron', duration: '5', negative_prompt: '', cfg_scale: 0, aspect_ratio: '16:9' } },
      'a picture': { route: imageRoute, json: { prompt: 'a heron', duration: '5', image_url: imageUrls.first } },
      'two pictures with everything': {
        route: imageRoute,
        query: { fal_webhook: webhookUrl },
        json: {
          ...{ prompt: 'a heron', duration: '10', negative_prompt: 'haze', cfg_scale: 1 },
          ...{ image_url: imageUrls.first, tail_image_url: imageUrls.last },
        },
      },
    },
    webhook: {
      keyRoute,
      keys: (answer) =>
        server.on(
          keyRoute,
          answer ?? { json: { keys: [{ kty: 'OKP', crv: 'Ed25519', x: publicX(ed25519Key(9)) }, { x: publicX(ed25519Key(7)) }] } },
        ),
      // The header names the request, as the body does.
      headers: (body, { at }) => signLikeFal(ed25519Key(7), body, { id: requestIdIn(body), at }),
      forged: (body, { at }) => signLikeFal(ed25519Key(8), body, { id: requestIdIn(body), at }),
      bodies: (id) => [
        { request_id: id, gateway_request_id: id, status: 'OK', payload: { video: { url: output } } },
        { request_id: id, gateway_request_id: 'g2', status: 'ERROR', error: 'Invalid status code: 422', payload: { detail: [] } },
        { request_id: id, status: 'OK', payload: null, payload_error: 'secret' },
      ],
      otherId: 'r2',
    },
    job: (state) => {
      server.on(statusRoute, states[state][0])
      server.on(resultRoute, states[state][1])
    },
    outputUrl: output,
    uploads: (failure) => {
      const ticket = { json: { upload_url: `${server.origin}/bucket/1?signature=s`, file_url: 'https://v3.fal.media/files/1.png' } }
      server.on(ticketRoute, ...(failure ? [failure, ticket] : [ticket]))
      server.on('PUT /bucket/1', { status: 200 })
    },
    uploadedBy: 'PUT /bucket/1',
    uploadedAs: 'https://v3.fal.media/files/1.png',
    cancelAccepted: { status: 202, json: { status: 'CANCELLATION_REQUESTED' } },
    cancelTooLate: { status: 400, json: { status: 'ALREADY_COMPLETED' } },
  }
}

describeProviderContract(fal, makeStandIn)

describe('fal', () => {
  let network: Network
  let server: ScriptedProvider
  let elsewhere: ScriptedProvider
  let provider: FalProvider
  const { signal } = new AbortController()

  const make = (silence?: number) =>
    new FalProvider(
      { apiKey, origins: { queue: server.origin, rest: server.origin } },
      { network, clock: createInstantClock(), random: () => 0.5, timeouts: { silence } },
    )

  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    server = await startScriptedProvider()
    elsewhere = await startScriptedProvider()
    provider = make()
    for (const route of [textRoute, imageRoute]) server.on(route, submitted(server.origin))
  })
  afterEach(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
    await elsewhere[Symbol.asyncDispose]()
  })

  describe('the body of a submit', () => {
    it('for words alone', async () => {
      await provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
      expect(server.requests).toHaveLength(1)
      expect(server.requests[0]).toMatchObject({ path: textRoute.replace('POST ', '') })
      expect(server.requests[0]?.json).toStrictEqual({ prompt: 'p', duration: '5' })
      expect(server.requests[0]?.headers).toMatchObject({
        ...{ authorization: `Key ${apiKey}`, 'content-type': 'application/json', 'x-fal-no-retry': '1' },
        ...{ 'x-app-fal-disable-fallback': 'true', 'x-fal-object-lifecycle-preference': '{"expiration_duration_seconds":86400}' },
      })
    })

    it('for words with everything, also what is empty or zero', async () => {
      const request = { prompt: 'p', durationSeconds: 10, aspectRatio: '1:1', negativePrompt: '', guidance: 0 } as const
      await provider.start(request, {}, { attemptId: 'a1', signal, webhookUrl: 'https://bot.example/hooks/1?a=b&c=d' })
      expect(server.requests[0]?.path).toBe(
        `${textRoute.replace('POST ', '')}?fal_webhook=${encodeURIComponent('https://bot.example/hooks/1?a=b&c=d')}`,
      )
      const input = { prompt: 'p', duration: '10', negative_prompt: '', cfg_scale: 0, aspect_ratio: '1:1' }
      expect(server.requests[0]?.json).toStrictEqual(input)
    })

    it('for an image, whose shape the clip takes', async () => {
      const request = { prompt: 'p', durationSeconds: 5, aspectRatio: '9:16', firstFrame: image } as const
      await provider.start(request, { firstFrame: { url: 'https://f/1' } }, { attemptId: 'a1', signal })
      expect(server.to(imageRoute)[0]?.json).toStrictEqual({ prompt: 'p', duration: '5', image_url: 'https://f/1' })
    })

    it('for a first and a last image', async () => {
      const images = { firstFrame: { url: 'https://f/1' }, lastFrame: { url: 'https://f/2' } }
      const request = { prompt: 'p', negativePrompt: 'n', guidance: 0.8, durationSeconds: 5, firstFrame: image, lastFrame: image } as const
      await provider.start(request, images, { attemptId: 'a1', signal })
      const input = {
        prompt: 'p',
        duration: '5',
        negative_prompt: 'n',
        cfg_scale: 0.8,
        image_url: 'https://f/1',
        tail_image_url: 'https://f/2',
      }
      expect(server.to(imageRoute)[0]?.json).toStrictEqual(input)
    })
  })

  describe('refusals of a submit', () => {
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
      [
        'a full queue with a hint',
        { status: 429, headers: { 'retry-after': '7' }, text: '' },
        { kind: 'rate_limited', retryAfterMs: 7000 },
      ],
    ]
    it.each(cases)('%s', async (_, answer, expected) => {
      server.on(textRoute, { ...answer, headers: { ...answer.headers, 'x-fal-request-id': 'r9' } })
      const started = provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
      await expect(started).rejects.toMatchObject({ failoverSafe: true, requestId: 'r9', ...expected })
    })
  })

  describe('addresses that fal gives', () => {
    it('need not be there', async () => {
      server.on(textRoute, { json: { request_id: 'r1', gateway_request_id: 'g1' } })
      const operation = await provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
      expect(operation).toStrictEqual({ id: 'r1' })
      server.on(statusRoute, { json: { status: 'COMPLETED' } })
      server.on(`GET ${requestPath}`, result)
      server.on(cancelRoute, { status: 202, json: { status: 'CANCELLATION_REQUESTED' } })
      expect(await provider.status(operation, { signal })).toMatchObject({ state: 'completed', url: output })
      expect(await provider.cancel(operation, { signal })).toBe('unknown')
    })

    it('are used as they are', async () => {
      server.on('GET /queue/v2/r1', { status: 202, json: { status: 'IN_QUEUE', queue_position: 3 } })
      const status = await provider.status({ id: 'r1', statusUrl: `${server.origin}/queue/v2/r1?logs=0` }, { signal })
      expect(status).toStrictEqual({ state: 'pending', position: 3 })
      expect(server.requests[0]?.path).toBe('/queue/v2/r1?logs=0')
    })

    it('never take the key elsewhere', async () => {
      server.on(textRoute, submitted(elsewhere.origin))
      const operation = await provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
      server.on(statusRoute, { json: { status: 'COMPLETED', response_url: elsewhere.origin } })
      server.on(`GET ${requestPath}`, result)
      server.on(cancelRoute, { status: 202 })
      expect(await provider.status(operation, { signal })).toMatchObject({ state: 'completed' })
      await provider.cancel(operation, { signal })
      expect(elsewhere.requests).toEqual([])
    })

    it('for an image may be anywhere, and get its bytes but not the key', async () => {
      server.on(ticketRoute, {
        json: { upload_url: `${elsewhere.origin}/bucket/1?signature=s`, file_url: 'https://v3.fal.media/files/1.jpg' },
      })
      elsewhere.on('PUT /bucket/1', { status: 200 })
      const hosted = await provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })
      expect(hosted).toStrictEqual({ url: 'https://v3.fal.media/files/1.jpg' })
      expect(server.requests).toHaveLength(1)
      expect(server.requests[0]).toMatchObject({
        path: '/storage/upload/initiate?storage_type=fal-cdn-v3',
        headers: { authorization: `Key ${apiKey}`, 'x-fal-object-lifecycle': '{"expiration_duration_seconds":86400}' },
      })
      expect(server.requests[0]?.json).toStrictEqual({ content_type: 'image/jpeg', file_name: 'ab.jpg' })
      const [upload] = elsewhere.requests
      expect(upload).toMatchObject({ path: '/bucket/1?signature=s', headers: { 'content-type': 'image/jpeg', 'content-length': '3' } })
      expect(upload?.headers).not.toHaveProperty('authorization')
      expect([...(upload?.bytes ?? [])]).toEqual([1, 2, 3])
    })

    it.each([403, 500])('for an image may answer with %i, which says nothing about the key', async (status) => {
      server.on(ticketRoute, {
        json: { upload_url: `${elsewhere.origin}/bucket/1?signature=s`, file_url: 'https://v3.fal.media/files/1.jpg' },
      })
      elsewhere.on('PUT /bucket/1', { status, text: '<Error>secret</Error>' })
      const prepared = provider.prepare({ ...image, bytes: Buffer.from([1]) }, { signal })
      await expect(prepared).rejects.toMatchObject({ kind: 'unavailable', retryable: true, failoverSafe: true })
      expect(elsewhere.requests).toHaveLength(3)
    })
  })

  describe('the status', () => {
    const status = (current: object, answer: ScriptedAnswer = { status: 501 }) => {
      server.on(statusRoute, { json: current })
      server.on(resultRoute, answer)
      return provider.status(operationOf(server.origin), { signal })
    }
    const completed = { status: 'COMPLETED', request_id: 'r1', metrics: { inference_time: 151.2 } }

    it.each<[object, Status]>([
      [
        { status: 'IN_QUEUE', queue_position: 2, response_url: '…' },
        { state: 'pending', position: 2 },
      ],
      [
        { status: 'IN_QUEUE', queue_position: null },
        { state: 'pending', position: undefined },
      ],
      [
        { status: 'IN_PROGRESS', logs: [{ message: 'm' }] },
        { state: 'pending', position: undefined },
      ],
    ])('%j', async (current, expected) => {
      expect(await status(current)).toStrictEqual(expected)
    })

    it.each([
      ['5', 350_000],
      ['10.0', 700_000],
      ['0', 0],
      ['0.5', 35_000],
      ['five', undefined],
      ['-5', undefined],
      [undefined, undefined],
    ])('completed with %s billable units costs %s', async (units, cost) => {
      const answer: ScriptedAnswer = units === undefined ? result : { ...result, headers: { 'x-fal-billable-units': units } }
      expect(await status(completed, answer)).toStrictEqual({ state: 'completed', url: output, cost })
    })

    it('completed while the result is not there yet is pending', async () => {
      expect(await status(completed, { status: 400, json: { detail: 'Request is still in progress' } })).toStrictEqual({ state: 'pending' })
    })

    const unavailable = { state: 'failed', error: { kind: 'unavailable' } }
    const invalid = { state: 'failed', error: { kind: 'invalid_input' }, billed: undefined }
    const failures: [string, ScriptedAnswer, object][] = [
      ['content', { status: 422, json: detail('content_policy_violation') }, { error: { kind: 'moderation' }, billed: undefined }],
      [
        "the partner's refusal",
        { status: 422, json: detail('content_policy_violation', { ctx: { extra_info: { reason: 'partner_validation_failed' } } }) },
        { error: { kind: 'moderation' } },
      ],
      [
        "Kling's own words",
        { status: 422, json: detail('x', { msg: 'failure to pass the risk CONTROL system' }) },
        { error: { kind: 'moderation' } },
      ],
      ...['image_too_small', 'image_too_large', 'image_load_error', 'file_download_error', 'file_too_large', 'unsupported_image_format']
        .concat(['one_of', 'less_than', 'a_type_of_tomorrow'])
        .map((type): [string, ScriptedAnswer, object] => [type, { status: 422, json: detail(type) }, invalid]),
      ['422 in plain words', { status: 422, json: { detail: 'no' } }, invalid],
      ['no media', { status: 422, json: detail('no_media_generated') }, { ...unavailable, billed: undefined }],
      ['billed 422', { status: 422, headers: { 'x-fal-billable-units': '5' }, json: detail('no_media_generated') }, { billed: true }],
      ['unbilled 422', { status: 422, headers: { 'x-fal-billable-units': '0' }, json: detail('one_of') }, { billed: false }],
      ['generation_timeout', { status: 504, json: detail('generation_timeout') }, { error: { kind: 'timeout' }, billed: false }],
      ['downstream_service_error', { status: 400, json: detail('downstream_service_error') }, { ...unavailable, billed: undefined }],
      [
        'downstream_service_unavailable',
        { status: 500, json: detail('downstream_service_unavailable') },
        { ...unavailable, billed: false },
      ],
      ['internal_server_error', { status: 500, json: detail('internal_server_error') }, { ...unavailable, billed: false }],
      [
        'a type in the header',
        { status: 503, headers: { 'x-fal-error-type': 'runner_disconnected' }, text: '' },
        { ...unavailable, billed: false },
      ],
      [
        'a retryable one',
        { status: 500, headers: { 'x-fal-retryable': 'true' }, json: detail('internal_server_error') },
        { error: { retryable: true } },
      ],
      [
        'the old retry header',
        { status: 500, headers: { 'x-fal-needs-retry': 'true' }, json: detail('x') },
        { error: { retryable: true } },
      ],
    ]
    it.each(failures)('completed, but failed: %s', async (_, answer, expected) => {
      expect(await status(completed, answer)).toMatchObject({ state: 'failed', ...expected })
      expect(server.to(resultRoute)).toHaveLength(1)
    })

    const requestErrors: [string, number, string][] = [
      ...(['request_timeout', 'startup_timeout'] as const).map((type): [string, number, string] => [type, 504, 'timeout']),
      ...['scheduling_failure', 'connection_timeout', 'disconnected', 'connection_refused', 'connection_error'].map(
        (type): [string, number, string] => [`runner_${type}`, 503, 'unavailable'],
      ),
      ['runner_incomplete_response', 502, 'unavailable'],
      ['runner_server_error', 500, 'unavailable'],
      ['internal_error', 500, 'unavailable'],
    ]
    it.each(requestErrors)('completed with %s', async (type, http, kind) => {
      const expected = { state: 'failed', error: { kind, failoverSafe: false }, billed: false }
      expect(
        await status({ ...completed, error: 'secret', error_type: type }, { status: http, json: { detail: 'secret', error_type: type } }),
      ).toMatchObject(expected)
      // The same by the status alone, where there is no result to fetch.
      for (const nothing of [{ status: 404, text: '' }, { status: 500, text: '' }, { fault: 'reset' } as const]) {
        expect(await status({ ...completed, error: 'secret', error_type: type }, nothing)).toMatchObject(expected)
      }
    })

    it('completed with bad_request may have been billed', async () => {
      const answer = { status: 400, json: { detail: 'secret', error_type: 'bad_request' } }
      expect(await status({ ...completed, error_type: 'bad_request' }, answer)).toMatchObject(invalid)
    })

    it('completed with an error and a clip all the same is completed', async () => {
      expect(await status({ ...completed, error_type: 'runner_disconnected' }, result)).toMatchObject({ state: 'completed', url: output })
    })

    it.each([
      ['unknown', {}, undefined],
      ['nothing', { 'x-fal-billable-units': '0' }, false],
      ['all', { 'x-fal-billable-units': '5' }, true],
    ])('cancelled, billed: %s', async (_, headers, billed) => {
      const answer = { status: 499, headers: headers as Record<string, string>, json: { detail: 'x', error_type: 'client_cancelled' } }
      expect(await status({ ...completed, error_type: 'client_cancelled' }, answer)).toStrictEqual({ state: 'cancelled', billed })
    })

    it('cancelled with no result at all', async () => {
      const cancelled = { ...completed, error: 'cancelled', error_type: 'client_cancelled' }
      expect(await status(cancelled, { status: 404, text: '' })).toStrictEqual({ state: 'cancelled', billed: undefined })
    })

    it('completed, but gone', async () => {
      const answer = { status: 404, json: { detail: 'Not found' } }
      expect(await status(completed, answer)).toMatchObject({ state: 'failed', error: { kind: 'output_gone' } })
    })

    it.each<[string, ScriptedAnswer]>([
      ['HTML', { text: '<html>' }],
      ['no clip', { json: { images: [] } }],
      ['no URL', { json: { video: { url: 'out.mp4' } } }],
      ['a gateway', { status: 502, text: '<html>' }],
    ])('completed, but the result is %s: an error that passes', async (_, answer) => {
      await expect(status(completed, answer)).rejects.toMatchObject({ kind: 'unavailable', retryable: true, failoverSafe: false })
    })
  })

  describe('the stream', () => {
    const streamRoute = `GET ${requestPath}/status/stream`
    const events = (...states: object[]) => states.map((state) => `data: ${JSON.stringify(state)}\n\n`).join('')
    const stream = (text: string, more: ScriptedAnswer = {}) => {
      server.on(streamRoute, { headers: { 'content-type': 'text/event-stream; charset=utf-8' }, text, ...more })
    }
    const watch = async (options: { silence?: number } = {}) => {
      const seen: Status[] = []
      for await (const status of make(options.silence).watch(operationOf(server.origin), { signal })) seen.push(status)
      return seen
    }
    const inQueue = { status: 'IN_QUEUE', queue_position: 1 }
    const inProgress = { status: 'IN_PROGRESS' }
    const pending = [
      { state: 'pending', position: 1 },
      { state: 'pending', position: undefined },
    ]

    it('tells each state and, once it is over, the result', async () => {
      server.on(resultRoute, { ...result, headers: { 'x-fal-billable-units': '5' } })
      stream(events(inQueue, inProgress, { status: 'COMPLETED' }, inProgress))
      expect(await watch()).toStrictEqual([...pending, { state: 'completed', url: output, cost: 350_000 }])
      expect(server.to(streamRoute)[0]?.headers).toMatchObject({ accept: 'text/event-stream', authorization: `Key ${apiKey}` })
    })

    it('tells a failure', async () => {
      server.on(resultRoute, { status: 422, json: detail('content_policy_violation') })
      stream(events({ status: 'COMPLETED' }))
      expect(await watch()).toMatchObject([{ state: 'failed', error: { kind: 'moderation' } }])
    })

    it('leaves out comments and names', async () => {
      stream(`: ping\n\nevent: status\r\nid: 1\r\ndata: ${JSON.stringify(inQueue)}\r\n\r\nretry: 5\n\n${events(inProgress)}`)
      expect(await watch()).toStrictEqual(pending)
    })

    it.each<[string, string, ScriptedAnswer]>([
      ['ends', events(inQueue, inProgress), {}],
      ['ends within an event', `${events(inQueue, inProgress)}data: {"status":"COMPL`, {}],
      ['is cut', events(inQueue, inProgress) + ' '.repeat(1000), { fault: 'cut' }],
      ['falls silent', events(inQueue, inProgress), { fault: 'stall' }],
    ])('ends quietly where it %s', async (_, text, more) => {
      stream(text, more)
      expect(await watch({ silence: 200 })).toStrictEqual(pending)
    })

    it.each<[string, ScriptedAnswer, object]>([
      ['a bad key', { status: 401, json: { detail: 'no' } }, { kind: 'auth' }],
      ['503', { status: 503, text: '' }, { kind: 'unavailable', retryable: true }],
      ['something else than a stream', { json: inQueue }, { kind: 'unavailable', retryable: true }],
      ['a reset', { fault: 'reset' }, { kind: 'unavailable', retryable: true }],
    ])('that cannot be opened (%s) is an error', async (_, answer, expected) => {
      server.on(streamRoute, answer)
      await expect(watch()).rejects.toMatchObject({ ...expected, failoverSafe: false })
    })

    it.each([
      ['no JSON', 'data: secret\n\n'],
      ['an unknown state', events({ status: 'secret' })],
      ['an endless event', `data: ${'x'.repeat(600_000)}\n\n`],
    ])('with %s is an error', async (_, text) => {
      stream(text)
      await expect(watch()).rejects.toMatchObject({ kind: 'unavailable', retryable: true, failoverSafe: false })
    })

    it('stops when it is told to', async () => {
      const controller = new AbortController()
      const reason = new Error('shutting down')
      stream(events(inQueue), { fault: 'stall' })
      const watching = provider.watch(operationOf(server.origin), { signal: controller.signal })
      expect((await watching.next()).value).toStrictEqual(pending[0])
      const next = watching.next()
      controller.abort(reason)
      await expect(next).rejects.toBe(reason)
    })

    it('is closed when nobody reads on', async () => {
      const closed = Promise.withResolvers<undefined>()
      stream(events(inQueue), { fault: 'stall' })
      server.onClose(streamRoute, () => closed.resolve(undefined))
      for await (const status of provider.watch(operationOf(server.origin), { signal })) {
        expect(status).toStrictEqual(pending[0])
        break
      }
      await closed.promise
    })

    it('is not opened elsewhere', async () => {
      stream('')
      for await (const status of provider.watch(operationOf(elsewhere.origin), { signal })) expect.unreachable(status.state)
      expect(server.to(streamRoute)).toHaveLength(1)
      expect(elsewhere.requests).toEqual([])
    })
  })

  describe('a webhook', () => {
    const at = 1_760_000_000_000
    const deliver = (body: string, id: string) => {
      server.on(keyRoute, { json: { keys: [{ x: publicX(ed25519Key(7)) }] } })
      return provider.verifyWebhook({ headers: signLikeFal(ed25519Key(7), body, { id, at }), rawBody: Buffer.from(body), now: at, signal })
    }

    it('is about the request itself, also when fal ran it again', async () => {
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
      server.on(cancelRoute, answer)
      expect(await provider.cancel(operationOf(server.origin), { signal })).toBe(outcome)
      expect(server.requests[0]).toMatchObject({ method: 'PUT', path: `${requestPath}/cancel` })
    })

    it.each([
      [400, 'invalid_input'],
      [401, 'auth'],
      [500, 'unavailable'],
    ])('answered by %i is an error', async (status, kind) => {
      server.on(cancelRoute, { status, json: { detail: 'no' } })
      await expect(provider.cancel(operationOf(server.origin), { signal })).rejects.toMatchObject({ kind, failoverSafe: false })
    })
  })
})
