import { describe, expect, it } from 'vitest'

import type { Status } from '../../../src/providers/provider.ts'
import { wavespeed } from '../../../src/providers/wavespeed/descriptor.ts'
import { createWaveSpeed } from '../../../src/providers/wavespeed/provider.ts'
import { describeProviderContract } from '../../contracts/provider.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { signLikeReplicate, signLikeWaveSpeed } from '../../support/providers/webhook-signatures.ts'
import { setUpProvider } from '../stage.ts'
import {
  apiKey,
  image,
  keyRoute,
  output,
  resultPath,
  secret,
  stored,
  task,
  textRoute,
  ticketRoute,
  urlsOf,
  wavespeedStandIn,
  wrapped,
} from './stand-in.ts'

describeProviderContract(wavespeed, wavespeedStandIn)

const stage = setUpProvider((origin, context) => createWaveSpeed({ apiKey, origins: { api: origin } }, context))
const { signal } = new AbortController()
const start = () => stage.provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })
const status = (answer: ScriptedAnswer) => {
  stage.server.on(`GET ${resultPath}`, answer)
  return stage.provider.status({ id: 't1' }, { signal })
}

it('bills started seconds, and five at least', () => {
  const price = (durationSeconds: number) => stage.provider.price({ prompt: 'p', durationSeconds: durationSeconds as 5 })
  expect([1, 5, 5.1, 9.5, 10].map(price)).toEqual([350_000, 350_000, 420_000, 700_000, 700_000])
})

describe('a refused create call', () => {
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
    stage.server.on(textRoute, answer)
    await expect(start()).rejects.toMatchObject({ failoverSafe: true, ...expected })
    expect(stage.server.requests).toHaveLength(1)
  })
})

describe('the states of a task', () => {
  const failed = (kind: string) => ({ state: 'failed', error: { kind, failoverSafe: false }, billed: false })
  const cases: [string, Record<string, unknown>, object][] = [
    ['created', { status: 'created', has_nsfw_contents: null }, { state: 'pending' }],
    ['processing', { status: 'processing' }, { state: 'pending' }],
    ['completed', { status: 'completed', outputs: [output] }, { state: 'completed', url: output, flagged: false }],
    ['completed and marked', { status: 'completed', outputs: [output], has_nsfw_contents: [true] }, { flagged: true }],
    ['completed, not checked', { status: 'completed', outputs: [output], has_nsfw_contents: null }, { flagged: undefined }],
    ['completed with an object', { status: 'completed', outputs: [{ url: output }] }, { state: 'completed', url: output }],
    ['completed with nothing', { status: 'completed', outputs: [] }, { state: 'completed', url: undefined }],
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

  it('report nothing that is unknown', async () => {
    expect(await status({ json: wrapped(task({ status: 'processing' })) })).toStrictEqual({ state: 'pending' } satisfies Status)
    expect(await status({ json: wrapped(task({ status: 'cancelled' })) })).toStrictEqual({ state: 'cancelled' } satisfies Status)
  })

  it.each([['no URL'], [5], [{ href: 'https://a.example' }]])('do not accept %j as a clip', async (odd) => {
    await expect(status({ json: wrapped(task({ status: 'completed', outputs: [odd] })) })).rejects.toMatchObject({ kind: 'unavailable' })
  })

  it('are unreadable without their wrapper', async () => {
    await expect(status({ json: task({ status: 'completed', outputs: [output] }) })).rejects.toMatchObject({ retryable: true })
  })

  it('fail as the wrapper says where HTTP says 200', async () => {
    await expect(status({ json: { code: 401, message: 'no' } })).rejects.toMatchObject({ kind: 'auth', retryable: false })
    await expect(status({ json: { code: 404, message: 'no' } })).rejects.toMatchObject({ kind: 'unavailable', retryable: true })
  })
})

describe('URLs that WaveSpeed returns', () => {
  it('may be missing', async () => {
    stage.server.on(textRoute, { json: wrapped({ id: 't1' }) })
    expect(await start()).toStrictEqual({ id: 't1' })
  })

  it('are used, whatever their form', async () => {
    stage.server.on('GET /api/v3/predictions/t1', { json: wrapped(task({ status: 'processing' })) })
    const operation = { id: 't1', resultUrl: `${stage.server.origin}/api/v3/predictions/t1?x=1` }
    expect(await stage.provider.status(operation, { signal })).toEqual({ state: 'pending' })
    expect(stage.server.requests[0]?.path).toBe('/api/v3/predictions/t1?x=1')
  })

  it('never receive the key elsewhere', async () => {
    stage.server.on(textRoute, { json: wrapped(task(urlsOf(stage.elsewhere.origin))) })
    stage.server.on(`GET ${resultPath}`, { json: wrapped(task({ status: 'processing' })) })
    expect(await stage.provider.status(await start(), { signal })).toEqual({ state: 'pending' })
    expect(stage.elsewhere.requests).toEqual([])
  })

  it('for an image may be on any server, which gets its bytes and exactly these headers, but not the key', async () => {
    const headers = { 'Content-Type': 'image/jpeg', 'X-Signed': 'yes', 'Content-Length': '3', StandIn: 'secret.example' }
    const upload = { method: 'PUT', url: `${stage.elsewhere.origin}/bucket/1?signature=s`, headers }
    stage.server.on(ticketRoute, { json: wrapped({ download_url: stored, upload }) })
    stage.elsewhere.on('PUT /bucket/1', { status: 200 })
    expect(await stage.provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })).toStrictEqual({ url: stored })
    expect(stage.server.requests[0]?.json).toStrictEqual({ filename: 'ab.jpg', size: 3, content_type: 'image/jpeg' })
    const [sent] = stage.elsewhere.requests
    expect(sent?.path).toBe('/bucket/1?signature=s')
    expect(sent?.headers).toMatchObject({ 'content-type': 'image/jpeg', 'x-signed': 'yes', 'content-length': '3' })
    expect(sent?.headers).not.toHaveProperty('authorization')
    expect([...(sent?.bytes ?? [])]).toEqual([1, 2, 3])
  })
})

describe('a webhook', () => {
  const body = JSON.stringify(task({ status: 'completed', outputs: [output] }))
  const at = 1_760_000_000_000
  const verify = (headers: Record<string, string>) => stage.provider.verifyWebhook({ headers, rawBody: Buffer.from(body), now: at, signal })

  it('signed as Replicate signs is refused', async () => {
    stage.server.on(keyRoute, { json: wrapped({ secret }) })
    const headers = signLikeReplicate(secret, body, { id: 't1', at })
    await expect(verify(headers)).rejects.toThrow('forged')
    await expect(verify({ ...headers, 'webhook-signature': headers['webhook-signature']?.replace('v1', 'v3') ?? '' })).rejects.toThrow(
      'forged',
    )
  })

  it('is verified with a secret that is not in an object', async () => {
    stage.server.on(keyRoute, { json: wrapped(secret) })
    expect(await verify(signLikeWaveSpeed(secret, body, { id: 'd1', at }))).toStrictEqual({ operation: { id: 't1' }, deliveryId: 'd1' })
  })

  it('is not verified with an empty secret', async () => {
    stage.server.on(keyRoute, { json: wrapped({ secret: '' }) })
    await expect(verify(signLikeWaveSpeed('whsec_', body, { id: 'd1', at }))).rejects.toMatchObject({ name: 'ProviderError' })
  })
})
