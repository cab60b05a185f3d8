import { describe, expect, it } from 'vitest'

import { createRunware } from '../../../src/providers/runware/provider.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { setUpProvider } from '../stage.ts'
import { answerOf, apiKey, askRoute, error, otherUUID, output, success, taskOf, taskUUID } from './stand-in.ts'

const stage = setUpProvider((origin, context) => createRunware({ apiKey, origins: { api: origin }, quality: 95, safety: 'none' }, context))
const { signal } = new AbortController()
const status = (answer: ScriptedAnswer) => {
  stage.server.on(askRoute, answer)
  return stage.provider.status({ id: taskUUID }, { signal })
}

it('polls a job by its id in a list', async () => {
  await status(answerOf(success))
  expect(stage.server.requests[0]?.json).toStrictEqual([{ taskType: 'getResponse', taskUUID }])
})

describe('the state of a task', () => {
  const failed = (kind: string) => ({ state: 'failed', error: { kind, failoverSafe: false } })
  const inErrors = (status: number, code: string, more: Record<string, unknown> = {}): ScriptedAnswer => ({
    status,
    json: { errors: [error(code, { taskUUID, ...more })] },
  })
  const printed = (cost: unknown) => ({ printed: cost, unit: 1_000_000 })
  const cases: [string, ScriptedAnswer, object][] = [
    ['processing', answerOf(taskOf({ status: 'processing' })), { state: 'pending' }],
    ['acknowledged', answerOf(taskOf()), { state: 'pending' }],
    ['with progress', answerOf(taskOf({ status: 'processing', progress: 40 })), { state: 'pending', progress: 0.4 }],
    ['success', answerOf(success), { state: 'completed', url: output, cost: printed(0.35), flagged: undefined }],
    ['success among others', answerOf({ ...success, taskUUID: otherUUID, videoURL: 'https://x.example/' }, success), { url: output }],
    ['success beside an error of another', { json: { data: [success], errors: [error('x', { taskUUID: otherUUID })] } }, { url: output }],
    ['success, marked', answerOf({ ...success, NSFWContent: true }), { flagged: true }],
    ['success, looked at', answerOf({ ...success, NSFWContent: false }), { flagged: false }],
    ['success without a cost', answerOf({ ...success, cost: null }), { state: 'completed', cost: undefined }],
    ...[0, -0.35, 3_500_000, 1e16, 1e19, '0.35', 'NaN', [0.35]].map((cost): [string, ScriptedAnswer, object] => [
      `success with a cost of ${JSON.stringify(cost)}`,
      answerOf({ ...success, cost }),
      { state: 'completed', url: output, cost: printed(cost) },
    ]),
    ['success without a clip', answerOf({ ...success, videoURL: null }), { state: 'completed', url: undefined }],
    ['an error inside', answerOf(taskOf({ status: 'error', error: error('providerError') })), failed('unavailable')],
    ['an error inside, flat', answerOf(taskOf({ status: 'error', code: 'timeoutProvider', message: 'x' })), failed('timeout')],
    ['an error inside, of content', answerOf(taskOf({ status: 'error', error: error('invalidProviderContent') })), failed('moderation')],
    ['an error inside, of credit', answerOf(taskOf({ status: 'error', error: error('insufficientCredits') })), failed('no_credit')],
    ['an unknown error inside', answerOf(taskOf({ status: 'error' })), failed('unavailable')],
    ...[200, 400, 402, 500].map((status): [string, ScriptedAnswer, object] => [
      `an error beside under ${status}`,
      inErrors(status, 'timeoutProvider', { status: 'error' }),
      failed('timeout'),
    ]),
    ['providerTimeout', inErrors(200, 'providerTimeout'), failed('timeout')],
    ['inferenceError', inErrors(400, 'inferenceError'), failed('unavailable')],
    ['taskFailed', inErrors(400, 'taskFailed'), failed('unavailable')],
    ['providerRateLimitExceeded', inErrors(429, 'providerRateLimitExceeded'), failed('rate_limited')],
    ['modelUnavailable', inErrors(400, 'modelUnavailable'), failed('unavailable')],
    ['a bad input, found late', inErrors(400, 'invalidFrameImage', { status: 'error' }), failed('invalid_input')],
    ['an unknown code', inErrors(400, 'somethingNew', { status: 'error' }), failed('unavailable')],
    ['a single error', { status: 400, json: { error: error('providerError'), taskUUID } }, failed('unavailable')],
    ['content without an id', { status: 400, json: { errors: [error('invalidProviderContent')] } }, failed('moderation')],
    ["in Kling's words", inErrors(200, 'x', { message: 'Failure to pass the Risk control system' }), failed('moderation')],
    ['cancelled', inErrors(400, 'taskCancelled'), { state: 'cancelled' }],
  ]
  it.each(cases)('%s', async (_, answer, expected) => {
    expect(await status(answer)).toMatchObject(expected)
    expect(stage.server.requests).toHaveLength(1)
  })

  it('that failed does not say what it cost', async () => {
    expect(await status(inErrors(200, 'providerError'))).toMatchObject({ state: 'failed', billed: undefined })
  })

  // Otherwise a failed poll would discard a paid clip.
  it.each<[string, ScriptedAnswer, object]>([
    ['a bad key', { status: 401, json: { errors: [error('invalidApiKey', { taskUUID, status: 'error' })] } }, { kind: 'auth' }],
    ['a limit', { status: 429, json: { errors: [error('rateLimitExceeded', { taskUUID, status: 'error' })] } }, { kind: 'rate_limited' }],
    [
      "the provider's limit, without an id",
      { status: 429, json: { errors: [error('providerRateLimitExceeded', { status: 'error' })] } },
      { kind: 'rate_limited', retryable: true },
    ],
    ['an empty account', { status: 402, json: { errors: [error('insufficientCredits', { taskUUID })] } }, { kind: 'no_credit' }],
    [
      'their own trouble',
      { status: 500, json: { errors: [error('internalServerError', { taskUUID })] } },
      { kind: 'unavailable', retryable: true },
    ],
    ['no such task', { status: 400, json: { errors: [error('taskNotFound', { taskUUID })] } }, { kind: 'unavailable', retryable: true }],
    ['expired', { status: 400, json: { errors: [error('taskFailedOrNotFound', { taskUUID })] } }, { kind: 'unavailable', retryable: true }],
    ['a bad id', { status: 400, json: { errors: [error('invalidTaskUUID', { taskUUID, status: 'error' })] } }, { kind: 'invalid_input' }],
    ['trouble of nobody', { status: 500, json: { errors: [error('providerError')] } }, { kind: 'unavailable', retryable: true }],
    [
      "another task's failure",
      { status: 400, json: { errors: [error('providerError', { taskUUID: otherUUID })] } },
      { kind: 'unavailable' },
    ],
    ["another task's clip", answerOf({ ...success, taskUUID: otherUUID }), { kind: 'unavailable', retryable: true }],
    ['a clip without an address', answerOf({ ...success, videoURL: 'v.mp4' }), { kind: 'unavailable', retryable: true }],
  ])('is not decided by %s', async (_, answer, expected) => {
    await expect(status(answer)).rejects.toMatchObject({ failoverSafe: false, ...expected })
  })
})
