import { describe, expect, it } from 'vitest'

import { createRunware } from '../../../src/providers/runware/provider.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { setUpProvider } from '../stage.ts'
import { answerOf, apiKey, error, otherUUID, submitRoute, success, taskOf, taskUUID } from './stand-in.ts'

const stage = setUpProvider((origin, context) => createRunware({ apiKey, origins: { api: origin }, quality: 95, safety: 'none' }, context))
const { signal } = new AbortController()
const request = { prompt: 'p', durationSeconds: 5 } as const
const start = () => stage.provider.start(request, {}, { attemptId: 'attempt-1', signal })

describe('the answer to a create call', () => {
  const refused = (kind: string, more: object = {}) => ({ kind, failoverSafe: true, ...more })
  const unknown = { kind: 'submission_unknown', failoverSafe: false }
  const moderated = { kind: 'moderation', failoverSafe: false }
  const errors = (code: string, more: Record<string, unknown> = { taskUUID }) => ({ errors: [error(code, more)] })
  const cases: [string, ScriptedAnswer, object][] = [
    ...[400, 402, 200].map((status): [string, ScriptedAnswer, object] => [
      `no credit under ${status}`,
      { status, json: errors('insufficientCredits') },
      refused('no_credit'),
    ]),
    ['no credit without an id', { status: 200, json: errors('insufficientCredits', {}) }, refused('no_credit')],
    ['a single error', { status: 400, json: { error: error('insufficientCredits'), taskUUID } }, refused('no_credit')],
    ['an error in the task', answerOf(taskOf({ status: 'error', error: error('unsupportedDuration') })), refused('invalid_input')],
    ['a bad key', { status: 401, json: errors('invalidApiKey', {}) }, refused('auth')],
    ['a missing key', { status: 400, json: errors('missingApiKey', {}) }, refused('auth')],
    ['a bad value', { status: 400, json: errors('unsupportedDuration', { taskUUID, allowedValues: [5, 10] }) }, refused('invalid_input')],
    ['a missing value', { status: 400, json: errors('missingPositivePrompt') }, refused('invalid_input')],
    ...['invalidProviderContent', 'contentPolicyViolation', 'providerContentPolicyViolation', 'sensitiveContentDetected']
      .concat(['nsfwContentDetected', 'unsafeContentDetected', 'promptBlocked', 'imageBlocked', 'moderationFailed'])
      .map((code): [string, ScriptedAnswer, object] => [code, { status: 400, json: errors(code) }, moderated]),
    [
      "Kling's own words",
      { status: 400, json: errors('providerError', { taskUUID, message: 'Failure to pass the risk control system' }) },
      moderated,
    ],
    ['429', { status: 429, text: '' }, refused('rate_limited', { retryable: true, retryAfterMs: undefined })],
    ['429 with a hint', { status: 429, headers: { 'retry-after': '4' }, text: '' }, refused('rate_limited', { retryAfterMs: 4000 })],
    ['a limit under 400', { status: 400, json: errors('rateLimitExceeded') }, refused('rate_limited', { retryable: true })],
    ['an unknown code under 400', { status: 400, json: errors('somethingNew') }, refused('invalid_input')],
    ['an unknown code under 200', { status: 200, json: errors('somethingNew') }, unknown],
    ['trouble of the model under 400', { status: 400, json: errors('providerError') }, unknown],
    ['a time-out under 400', { status: 400, json: errors('timeoutProvider') }, unknown],
    ['their own trouble', { status: 500, json: errors('internalServerError') }, unknown],
    ['their own trouble with a hint', { status: 503, headers: { 'retry-after': '4' }, json: errors('serviceUnavailable') }, unknown],
    ["another task's error under 400", { status: 400, json: errors('insufficientCredits', { taskUUID: otherUUID }) }, unknown],
    ["another task's acknowledgement", answerOf({ taskType: 'videoInference', taskUUID: otherUUID }), unknown],
    ['no task at all', answerOf(), unknown],
  ]
  it.each(cases)('%s', async (_, answer, expected) => {
    stage.server.on(submitRoute, answer)
    await expect(start()).rejects.toMatchObject(expected)
    expect(stage.server.requests).toHaveLength(1)
  })

  it('to a request with a negative prompt of one character is that to one without: Runware refuses it', async () => {
    stage.server.on(submitRoute, answerOf(taskOf()))
    for (const negativePrompt of ['x', 'xy'])
      await stage.provider.start({ ...request, negativePrompt }, {}, { attemptId: 'attempt-1', signal })
    const sent = stage.server.requests.map(({ json }) => (json as { negativePrompt?: string }[])[0]?.negativePrompt)
    expect(sent).toEqual([undefined, 'xy'])
  })

  it.each<[string, ScriptedAnswer]>([
    ['with a state', answerOf(taskOf({ status: 'processing' }))],
    ['finished already', answerOf(success)],
    ['among others', answerOf({ taskUUID: otherUUID }, taskOf())],
    ['beside an error of another', { json: { data: [taskOf()], errors: [error('insufficientCredits', { taskUUID: otherUUID })] } }],
    ['because it was before', { status: 400, json: errors('conflictTaskUUID') }],
    ['because it was before, without an id', { status: 200, json: errors('conflictTaskUUID', {}) }],
  ])('that accepts: %s', async (_, answer) => {
    stage.server.on(submitRoute, answer)
    expect(await start()).toStrictEqual({ id: taskUUID })
  })
})
