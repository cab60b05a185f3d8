import { describe, expect, it } from 'vitest'

import { createFal } from '../../../src/providers/fal/provider.ts'
import type { Status } from '../../../src/providers/provider.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { setUpProvider } from '../stage.ts'
import { apiKey, detail, operationOf, output, result, resultRoute, statusRoute } from './stand-in.ts'

const stage = setUpProvider((origin, context) => createFal({ apiKey, origins: { queue: origin, rest: origin } }, context))
const { signal } = new AbortController()

describe('the status', () => {
  const status = (current: object, answer: ScriptedAnswer = { status: 501 }) => {
    stage.server.on(statusRoute, { json: current })
    stage.server.on(resultRoute, answer)
    return stage.provider.status(operationOf(stage.server.origin), { signal })
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

  it.each([['5'], [' 10.0 ', '10.0'], ['0'], ['five'], ['-5'], ['NaN'], ['10000000000000000000'], [undefined]])(
    'completed with %s billable units',
    async (units, printed = units) => {
      const cost = printed === undefined ? undefined : { printed, unit: 70_000 }
      const answer: ScriptedAnswer = units === undefined ? result : { ...result, headers: { 'x-fal-billable-units': units } }
      expect(await status(completed, answer)).toStrictEqual({ state: 'completed', url: output, cost })
    },
  )

  it('completed without a result yet is pending', async () => {
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
    ['downstream_service_unavailable', { status: 500, json: detail('downstream_service_unavailable') }, { ...unavailable, billed: false }],
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
    ['the old retry header', { status: 500, headers: { 'x-fal-needs-retry': 'true' }, json: detail('x') }, { error: { retryable: true } }],
  ]
  it.each(failures)('completed, but failed: %s', async (_, answer, expected) => {
    expect(await status(completed, answer)).toMatchObject({ state: 'failed', ...expected })
    expect(stage.server.to(resultRoute)).toHaveLength(1)
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

  it('completed with an error and a clip is completed', async () => {
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

  it('completed, but not named yet', async () => {
    const answer = { status: 404, json: { detail: 'Not found' } }
    expect(await status(completed, answer)).toEqual({ state: 'completed' })
    const billed = { ...answer, headers: { 'x-fal-billable-units': '5' } }
    expect(await status(completed, billed)).toEqual({ state: 'completed', cost: { printed: '5', unit: 70_000 } })
  })

  it.each<[string, ScriptedAnswer]>([
    ['HTML', { text: '<html>' }],
    ['no clip', { json: { images: [] } }],
    ['no URL', { json: { video: { url: 'out.mp4' } } }],
    ['a gateway', { status: 502, text: '<html>' }],
  ])('completed, but the result is %s: a temporary error', async (_, answer) => {
    await expect(status(completed, answer)).rejects.toMatchObject({ kind: 'unavailable', retryable: true, failoverSafe: false })
  })
})

describe('the status of a job whose webhook has arrived', () => {
  const read = () => stage.provider.status(operationOf(stage.server.origin), { signal, isAnnounced: true })

  it('takes one call, if there is a clip', async () => {
    stage.server.on(resultRoute, { ...result, headers: { 'x-fal-billable-units': '5' } })
    expect(await read()).toStrictEqual({ state: 'completed', url: output, cost: { printed: '5', unit: 70_000 } })
    expect(stage.server.requests.map(({ route }) => route)).toEqual([resultRoute])
  })

  it.each<[string, ScriptedAnswer]>([
    ['still in progress', { status: 400, json: { detail: 'Request is still in progress' } }],
    ['unknown', { status: 404, json: { detail: 'Request not found' } }],
    ['a failure', { status: 422, json: detail('content_policy_violation') }],
    ['out of order', { status: 500, text: '' }],
  ])('is read as every other, if the result is %s', async (_, answer) => {
    stage.server.on(resultRoute, answer)
    stage.server.on(statusRoute, { json: { status: 'IN_QUEUE', queue_position: 2 } })
    expect(await read()).toStrictEqual({ state: 'pending', position: 2 })
  })
})
