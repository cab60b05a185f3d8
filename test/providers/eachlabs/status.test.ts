import { describe, expect, it } from 'vitest'

import { createEachlabs } from '../../../src/providers/eachlabs/provider.ts'
import { setUpProvider } from '../stage.ts'
import { apiKey, cancelRoute, output, prediction, statusRoute } from './stand-in.ts'

const stage = setUpProvider((origin, context) => createEachlabs({ apiKey, origins: { api: origin } }, context))
const { signal } = new AbortController()
const status = (more: Record<string, unknown>) => {
  stage.server.on(statusRoute, { json: prediction(more) })
  return stage.provider.status({ id: 'p1' }, { signal })
}

describe('the states of a prediction', () => {
  const printed = (cost: unknown) => ({ printed: cost, unit: 1_000_000 })
  const done = { state: 'completed', url: output, cost: printed(0.35) }
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
    ...[0, '0', '0.00', '', null].map((cost): [string, Record<string, unknown>, object] => [
      `success, not yet counted: ${JSON.stringify(cost)}`,
      { status: 'success', output, metrics: { cost } },
      { ...done, cost: undefined },
    ]),
    ...[-0.35, 3_500_000, 1e16, 1e19, '0.35', 'NaN', [0.35]].map((cost): [string, Record<string, unknown>, object] => [
      `success with a cost of ${JSON.stringify(cost)}`,
      { status: 'success', output, metrics: { cost } },
      { ...done, cost: printed(cost) },
    ]),
    ['success without metrics', { status: 'success', output, metrics: null }, { ...done, cost: undefined }],
    ['success without a clip', { status: 'success', output: null }, { state: 'completed', url: undefined }],
    ['error', { status: 'error', metrics: null }, failed('unavailable')],
    ['failed', { status: 'failed', metrics: {} }, failed('unavailable')],
    ...[0, '0', '0.00'].map((cost): [string, Record<string, unknown>, object] => [
      `error, not yet counted or free: ${JSON.stringify(cost)}`,
      { status: 'error', metrics: { cost } },
      failed('unavailable'),
    ]),
    ['error with a cost in words', { status: 'error', metrics: { cost: 'some' } }, failed('unavailable')],
    ['error, billed a text', { status: 'error', metrics: { cost: '0.35' } }, failed('unavailable', true)],
    ['error, billed an impossible sum', { status: 'error', metrics: { cost: 1e19 } }, failed('unavailable', true)],
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
      [code, { status: 'error', output: { error: 'x', error_code: code, retryable: false } }, failed(kind)],
      [`${code} in the message`, { status: 'error', message: `${code}: x` }, failed(kind)],
    ]),
    ...['message', 'details', 'error', 'logs', 'output'].map((place): [string, Record<string, unknown>, object] => [
      `content, named in ${place}`,
      { status: 'error', [place]: 'Failure to pass the risk control system' },
      failed('moderation'),
    ]),
    ['content, named in a list', { status: 'failed', output: [{ error: 'flagged as sensitive' }] }, failed('moderation')],
    ['cancelled', { status: 'cancelled' }, { state: 'cancelled', billed: false }],
    ['canceled', { status: 'canceled' }, { state: 'cancelled', billed: false }],
  ]
  it.each(cases)('%s', async (_, more, expected) => {
    expect(await status(more)).toMatchObject(expected)
  })

  it.each([['no URL'], [5], [[]], [{ href: output }]])('do not accept %j as a clip', async (odd) => {
    await expect(status({ status: 'success', output: odd })).rejects.toMatchObject({ kind: 'unavailable', retryable: true })
  })

  it('are only read from Eachlabs', async () => {
    await status({ status: 'processing' })
    stage.server.on(cancelRoute, { json: { status: 'success' } })
    await stage.provider.cancel({ id: 'p1' }, { signal })
    expect(stage.server.requests.map(({ route }) => route)).toEqual([statusRoute, cancelRoute])
  })
})
