import { describe, expect, it } from 'vitest'

import { createRunware } from '../../../src/providers/runware/provider.ts'
import { webhookUrl } from '../../contracts/provider-submissions.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { setUpProvider } from '../stage.ts'
import { answerOf, apiKey, askRoute, error, otherUUID, submitRoute, success, taskOf, taskUUID } from './stand-in.ts'

const stage = setUpProvider(
  (origin, context) => createRunware({ apiKey, origins: { api: origin }, quality: 95, safety: 'none' }, context),
  (own) => own.on(submitRoute, answerOf(taskOf())),
)
const { signal } = new AbortController()
const request = { prompt: 'p', durationSeconds: 5 } as const

describe('a lost create response', () => {
  const submittedAt = 1_760_000_000_000
  const recover = (at = submittedAt, attemptId = 'attempt-1') =>
    stage.provider.recover(request, {}, { attemptId, webhookUrl, submittedAt: at }, { signal })
  const missing: ScriptedAnswer = { status: 400, json: { errors: [error('taskNotFound', { taskUUID })] } }

  it('is followed by exactly the same body', async () => {
    await stage.provider.start(request, {}, { attemptId: 'attempt-1', webhookUrl, signal })
    expect(await recover()).toStrictEqual({ id: taskUUID })
    const [first, second] = stage.server.to(submitRoute)
    expect(second?.bytes.equals(first?.bytes ?? Buffer.alloc(0))).toBe(true)
    expect(stage.server.requests).toHaveLength(2)
  })

  it.each([
    [10, 1],
    [10.1, 0],
  ])('is sent again after %d minutes %i times', async (minutes, times) => {
    stage.server.on(askRoute, answerOf(taskOf({ status: 'processing' })))
    expect(await recover(submittedAt - minutes * 60_000)).toStrictEqual({ id: taskUUID })
    expect(stage.server.to(submitRoute)).toHaveLength(times)
  })

  it.each<[string, ScriptedAnswer]>([
    ['an empty account', { status: 402, json: { errors: [error('insufficientCredits', { taskUUID })] } }],
    ['content', { status: 400, json: { errors: [error('invalidProviderContent', { taskUUID })] } }],
    ['a bad value', { status: 400, json: { errors: [error('unsupportedDuration', { taskUUID })] } }],
  ])('does not count as refused because the second was (%s)', async (_, answer) => {
    stage.server.on(submitRoute, answer)
    stage.server.on(askRoute, missing)
    expect(await recover()).toBe('unknown')
    stage.server.on(askRoute, answerOf(taskOf({ status: 'processing' })))
    expect(await recover()).toStrictEqual({ id: taskUUID })
  })

  it.each<[string, ScriptedAnswer, string]>([
    ['a reset', { fault: 'reset' }, 'submission_unknown'],
    ['500', { status: 500, json: { errors: [error('internalServerError', { taskUUID })] } }, 'submission_unknown'],
    ['503 with the time to send it again', { status: 503, headers: { 'retry-after': '1' }, text: '' }, 'submission_unknown'],
    ['a limit', { status: 429, text: '' }, 'rate_limited'],
  ])('may be sent once more where the second got no better answer: %s', async (_, answer, kind) => {
    stage.server.on(submitRoute, answer)
    stage.server.on(askRoute, missing)
    await expect(recover()).rejects.toMatchObject({ kind })
    stage.server.on(submitRoute, answerOf(taskOf()))
    expect(await recover()).toStrictEqual({ id: taskUUID })
  })

  it.each<[string, ScriptedAnswer, object | string]>([
    ['running', answerOf(taskOf({ status: 'processing' })), { id: taskUUID }],
    ['over', answerOf(success), { id: taskUUID }],
    ['failed', answerOf(taskOf({ status: 'error', error: error('x') })), { id: taskUUID }],
    ['refused for its content', { status: 400, json: { errors: [error('invalidProviderContent', { taskUUID })] } }, { id: taskUUID }],
    ['another', answerOf({ ...success, taskUUID: otherUUID }), 'an error'],
    ['absent', missing, 'unknown'],
    ['nowhere', { status: 404, text: '' }, 'unknown'],
    ['not to be asked', { status: 400, json: { errors: [error('insufficientCredits', { taskUUID })] } }, 'an error'],
  ])('after ten minutes is only polled: %s', async (_, answer, expected) => {
    stage.server.on(askRoute, answer)
    const recovered = await recover(submittedAt - 3_600_000).catch((reason: unknown) => {
      expect(reason).toMatchObject({ name: 'ProviderError' })
      return 'an error'
    })
    expect(recovered).toEqual(expected)
    expect(stage.server.to(submitRoute)).toEqual([])
  })
})
