import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import type { ImageReference } from '../../src/domain/image.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import { runware } from '../../src/providers/runware/descriptor.ts'
import { type RunwareAccount, RunwareProvider } from '../../src/providers/runware/provider.ts'
import { taskUuidOf } from '../../src/providers/runware/task-uuid.ts'
import { describeProviderContract } from '../contracts/provider.ts'
import type { MakeStandIn } from '../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../contracts/provider-submissions.ts'
import { createInstantClock } from '../support/instant-clock.ts'
import { type RecordedRequest, type ScriptedAnswer, type ScriptedProvider, startScriptedProvider } from '../support/scripted-provider.ts'

const apiKey = 'rw-key-of-the-operator'
const output = 'https://vm.runware.ai/video/x/v.mp4'
/** Of `attempt-1`, for ever: jobs that run while the bot is updated must be found again. */
const taskUUID = '92b6c225-eb2b-4fa3-b48f-4cf81cf76384'
const otherUUID = '4e8a33f4-aa89-4de3-aa2c-4dcada448456'
const submitRoute = 'POST /v1#videoInference'
const askRoute = 'POST /v1#getResponse'
const uploadRoute = 'POST /v1#mediaStorage'
const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }

const taskOf = (more: Record<string, unknown> = {}) => ({ taskType: 'videoInference', taskUUID, ...more })
const answerOf = (...tasks: unknown[]): ScriptedAnswer => ({ json: { data: tasks } })
const error = (code: string, more: Record<string, unknown> = {}) => ({
  code,
  message: 'secret',
  parameter: ['a', 'b'],
  type: 'string',
  ...more,
})
const success = taskOf({ status: 'success', videoUUID: 'v', videoURL: output, seed: 923_927_480, cost: 0.35 })
const stored = (request: RecordedRequest): ScriptedAnswer => {
  const [task] = request.json as [{ taskUUID: string }]
  return answerOf({ taskType: 'mediaStorage', taskUUID: task.taskUUID, mediaUUID: 'm1', mediaURL: 'https://im.runware.ai/m1.png' })
}

const makeStandIn: MakeStandIn = (server) => {
  const states = {
    pending: answerOf(taskOf({ status: 'processing' })),
    completed: answerOf(success),
    failed: answerOf(taskOf({ status: 'error', error: error('providerError') })),
    refused: { status: 400, json: { errors: [error('invalidProviderContent', { status: 'error', taskUUID })] } },
    cancelled: { json: { errors: [error('taskCancelled', { taskUUID })] } },
  }
  const inference = (more: Record<string, unknown>) => ({
    json: [
      {
        ...{ taskType: 'videoInference', taskUUID, model: 'klingai:6@1', positivePrompt: 'a heron', width: 1280, height: 720, duration: 5 },
        ...{ deliveryMethod: 'async', outputType: 'URL', outputFormat: 'MP4', outputQuality: 95, ttl: 86_400, includeCost: true, ...more },
      },
    ],
  })
  const first = { image: imageUrls.first, frame: 'first' }
  return {
    key: apiKey,
    routes: { submit: submitRoute, status: askRoute, upload: [uploadRoute], lost: [submitRoute, askRoute] },
    asksBy: 'body',
    operation: { id: taskUUID },
    submitted: answerOf(taskOf()),
    pending: states.pending,
    unknownState: answerOf(taskOf({ status: 'secret' })),
    refusedContent: { status: 400, json: { errors: [error('invalidProviderContent', { taskUUID })] } },
    submissions: {
      words: inference({}),
      'words with everything': inference({
        ...{ width: 720, height: 1280, duration: 10, negativePrompt: 'haze', CFGScale: 0.25, webhookURL: webhookUrl },
      }),
      'square words': inference({ width: 720 }),
      'words with nothing in it': inference({ CFGScale: 0 }),
      'a picture': inference({ inputs: { frameImages: [first] } }),
      'two pictures with everything': inference({
        ...{ width: 720, height: 1280, duration: 10, negativePrompt: 'haze', CFGScale: 1, webhookURL: webhookUrl },
        inputs: { frameImages: [first, { image: imageUrls.last, frame: 'last' }] },
      }),
    },
    webhook: {
      headers: () => ({ 'content-type': 'application/json' }),
      bodies: (id) => [
        { ...success, taskUUID: id },
        { status: 'error', code: 'providerError', message: 'secret', taskUUID: id },
        { errors: [error('providerError', { taskUUID: id })] },
        { data: [{ ...success, taskUUID: id }] },
        { error: { code: 'x', message: 'secret' }, taskUUID: id },
      ],
      otherId: otherUUID,
    },
    lost: (state) => {
      server.on(
        submitRoute,
        state === 'there' ? { status: 400, json: { errors: [error('conflictTaskUUID', { taskUUID })] } } : { status: 500 },
      )
      server.on(askRoute, { status: 404, json: { errors: [error('taskNotFound', { taskUUID })] } })
    },
    job: (state) => server.on(askRoute, states[state]),
    outputUrl: output,
    uploads: (failure) => server.on(uploadRoute, ...(failure ? [failure, stored] : [stored])),
    uploadedBy: uploadRoute,
    uploadedAs: 'm1',
  }
}

describeProviderContract(runware, makeStandIn)

describe('runware', () => {
  let network: Network
  let server: ScriptedProvider
  let provider: RunwareProvider
  let clock: ReturnType<typeof createInstantClock>
  const { signal } = new AbortController()
  const make = (more: Partial<RunwareAccount> = {}) =>
    new RunwareProvider(
      { apiKey, origins: { api: server.origin }, quality: 95, safety: 'none', ...more },
      { network, clock, random: () => 0.5 },
    )

  beforeEach(async () => {
    network = createNetwork({ allowPrivateAddresses: true })
    server = await startScriptedProvider()
    clock = createInstantClock()
    provider = make()
    server.on(submitRoute, answerOf(taskOf()))
  })
  afterEach(async () => {
    await network.close()
    await server[Symbol.asyncDispose]()
  })
  const request = { prompt: 'p', durationSeconds: 5 } as const
  const start = (from = provider) => from.start(request, {}, { attemptId: 'attempt-1', signal })
  const status = (answer: ScriptedAnswer) => {
    server.on(askRoute, answer)
    return provider.status({ id: taskUUID }, { signal })
  }
  const sent = () => (server.to(submitRoute)[0]?.json as Record<string, unknown>[])[0] ?? {}

  it('names a task after its attempt, as a UUID of version 4', () => {
    expect(taskUuidOf('attempt-1')).toBe(taskUUID)
    for (let attempt = 0; attempt < 100; attempt++) {
      expect(taskUuidOf(`a${attempt}`)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }
    expect(new Set(Array.from({ length: 1000 }, (_, attempt) => taskUuidOf(`a${attempt}`))).size).toBe(1000)
  })

  it('asks for a job by its id in a list', async () => {
    await status(answerOf(success))
    expect(server.requests[0]?.json).toStrictEqual([{ taskType: 'getResponse', taskUUID }])
  })

  it('makes what the operator chose, and its own look at the clip only then', async () => {
    const chosen = make({ quality: 60, safety: 'fast' })
    await start(chosen)
    expect(sent()).toMatchObject({ outputQuality: 60, safety: { checkContent: true, mode: 'fast' } })
  })

  it.each([
    [1600, 900, 1280, 720],
    [900, 1600, 720, 1280],
    [1000, 1000, 720, 720],
    [1333, 1000, 720, 720],
    [1334, 1000, 1280, 720],
    [1000, 1333, 720, 720],
    [1000, 1334, 720, 1280],
    [2500, 1000, 1280, 720],
    [1000, 2500, 720, 1280],
  ])('takes for an image of %i×%i the size %i×%i', async (width, height, ...size) => {
    await provider.start(
      { ...request, firstFrame: { ...image, width, height } },
      { firstFrame: { url: 'm1' } },
      { attemptId: 'attempt-1', signal },
    )
    expect([sent().width, sent().height]).toEqual(size)
  })

  it('rounds guidance to hundredths', async () => {
    await provider.start({ ...request, guidance: 1 / 3 }, {}, { attemptId: 'attempt-1', signal })
    expect(sent().CFGScale).toBe(0.33)
  })

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
      ["another task's error under 400", { status: 400, json: errors('insufficientCredits', { taskUUID: otherUUID }) }, unknown],
      ["another task's acknowledgement", answerOf({ taskType: 'videoInference', taskUUID: otherUUID }), unknown],
      ['no task at all', answerOf(), unknown],
    ]
    it.each(cases)('%s', async (_, answer, expected) => {
      server.on(submitRoute, answer)
      await expect(start()).rejects.toMatchObject(expected)
      expect(server.requests).toHaveLength(1)
    })

    it.each<[string, ScriptedAnswer]>([
      ['with a state', answerOf(taskOf({ status: 'processing' }))],
      ['finished already', answerOf(success)],
      ['among others', answerOf({ taskUUID: otherUUID }, taskOf())],
      ['beside an error of another', { json: { data: [taskOf()], errors: [error('insufficientCredits', { taskUUID: otherUUID })] } }],
      ['because it was before', { status: 400, json: errors('conflictTaskUUID') }],
      ['because it was before, without an id', { status: 200, json: errors('conflictTaskUUID', {}) }],
    ])('that accepts: %s', async (_, answer) => {
      server.on(submitRoute, answer)
      expect(await start()).toStrictEqual({ id: taskUUID })
    })
  })

  describe('the state of a task', () => {
    const failed = (kind: string) => ({ state: 'failed', error: { kind, failoverSafe: false } })
    const inErrors = (status: number, code: string, more: Record<string, unknown> = {}): ScriptedAnswer => ({
      status,
      json: { errors: [error(code, { taskUUID, ...more })] },
    })
    const cases: [string, ScriptedAnswer, object][] = [
      ['processing', answerOf(taskOf({ status: 'processing' })), { state: 'pending' }],
      ['acknowledged', answerOf(taskOf()), { state: 'pending' }],
      ['with progress', answerOf(taskOf({ status: 'processing', progress: 40 })), { state: 'pending', progress: 0.4 }],
      ['success', answerOf(success), { state: 'completed', url: output, cost: 350_000, flagged: undefined }],
      ['success among others', answerOf({ ...success, taskUUID: otherUUID, videoURL: 'https://x.example/' }, success), { url: output }],
      ['success beside an error of another', { json: { data: [success], errors: [error('x', { taskUUID: otherUUID })] } }, { url: output }],
      ['success, marked', answerOf({ ...success, NSFWContent: true }), { flagged: true }],
      ['success, looked at', answerOf({ ...success, NSFWContent: false }), { flagged: false }],
      ['success without a cost', answerOf({ ...success, cost: null }), { state: 'completed', cost: undefined }],
      [
        'success without a clip',
        answerOf({ ...success, videoURL: null }),
        { state: 'failed', error: { kind: 'output_gone' }, billed: true },
      ],
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
      expect(server.requests).toHaveLength(1)
    })

    it('that failed does not say what it cost', async () => {
      expect(await status(inErrors(200, 'providerError'))).toMatchObject({ state: 'failed', billed: undefined })
    })

    // A paid clip would be thrown away if a failing question were taken for a failed job.
    it.each<[string, ScriptedAnswer, object]>([
      ['a bad key', { status: 401, json: { errors: [error('invalidApiKey', { taskUUID, status: 'error' })] } }, { kind: 'auth' }],
      ['a limit', { status: 429, json: { errors: [error('rateLimitExceeded', { taskUUID, status: 'error' })] } }, { kind: 'rate_limited' }],
      ['an empty account', { status: 402, json: { errors: [error('insufficientCredits', { taskUUID })] } }, { kind: 'no_credit' }],
      [
        'their own trouble',
        { status: 500, json: { errors: [error('internalServerError', { taskUUID })] } },
        { kind: 'unavailable', retryable: true },
      ],
      ['no such task', { status: 400, json: { errors: [error('taskNotFound', { taskUUID })] } }, { kind: 'unavailable', retryable: true }],
      [
        'expired',
        { status: 400, json: { errors: [error('taskFailedOrNotFound', { taskUUID })] } },
        { kind: 'unavailable', retryable: true },
      ],
      ['a bad id', { status: 400, json: { errors: [error('invalidTaskUUID', { taskUUID, status: 'error' })] } }, { kind: 'invalid_input' }],
      ['trouble of nobody', { status: 500, json: { errors: [error('providerError')] } }, { kind: 'unavailable', retryable: true }],
      [
        "another task's failure",
        { status: 400, json: { errors: [error('providerError', { taskUUID: otherUUID })] } },
        { kind: 'unavailable' },
      ],
      ["another task's clip", answerOf({ ...success, taskUUID: otherUUID }), { kind: 'unavailable', retryable: true }],
      ['a clip without an address', answerOf({ ...success, videoURL: 'v.mp4' }), { kind: 'unavailable', retryable: true }],
    ])('is not told by %s', async (_, answer, expected) => {
      await expect(status(answer)).rejects.toMatchObject({ failoverSafe: false, ...expected })
    })
  })

  describe('an image', () => {
    const prepare = () => provider.prepare({ ...image, bytes: Buffer.from([1, 2, 3]) }, { signal })

    it('is stored under a new id with each try', async () => {
      server.on(uploadRoute, { fault: 'reset' }, stored)
      expect(await prepare()).toStrictEqual({ url: 'm1' })
      const tasks = server.requests.map(({ json }) => (json as Record<string, unknown>[])[0] ?? {})
      expect(tasks[0]).toStrictEqual({
        ...{ taskType: 'mediaStorage', taskUUID: expect.stringMatching(/^[0-9a-f-]{36}$/) as string, operation: 'upload' },
        media: 'data:image/jpeg;base64,AQID',
      })
      expect(tasks[1]?.taskUUID).not.toBe(tasks[0]?.taskUUID)
    })

    it('that is refused for what it shows is not taken elsewhere', async () => {
      server.on(uploadRoute, { status: 400, json: { errors: [error('imageBlocked')] } })
      await expect(prepare()).rejects.toMatchObject({ kind: 'moderation', failoverSafe: false })
    })
  })

  describe('a lost create answer', () => {
    const submittedAt = 1_760_000_000_000
    const recover = (at = submittedAt, attemptId = 'attempt-1') =>
      provider.recover(request, {}, { attemptId, webhookUrl, submittedAt: at }, { signal })
    const missing: ScriptedAnswer = { status: 400, json: { errors: [error('taskNotFound', { taskUUID })] } }

    it('is followed by the same body, to the last byte', async () => {
      await provider.start(request, {}, { attemptId: 'attempt-1', webhookUrl, signal })
      expect(await recover()).toStrictEqual({ id: taskUUID })
      const [first, second] = server.to(submitRoute)
      expect(second?.bytes.equals(first?.bytes ?? Buffer.alloc(0))).toBe(true)
      expect(server.requests).toHaveLength(2)
    })

    it.each([
      [10, 1],
      [10.1, 0],
    ])('is sent again after %d minutes %i times', async (minutes, times) => {
      server.on(askRoute, answerOf(taskOf({ status: 'processing' })))
      expect(await recover(submittedAt - minutes * 60_000)).toStrictEqual({ id: taskUUID })
      expect(server.to(submitRoute)).toHaveLength(times)
    })

    it.each<[string, ScriptedAnswer]>([
      ['an empty account', { status: 402, json: { errors: [error('insufficientCredits', { taskUUID })] } }],
      ['a limit', { status: 429, text: '' }],
      ['content', { status: 400, json: { errors: [error('invalidProviderContent', { taskUUID })] } }],
      ['a bad value', { status: 400, json: { errors: [error('unsupportedDuration', { taskUUID })] } }],
      ['no answer again', { fault: 'reset' }],
    ])('is not taken for refused because the second was (%s)', async (_, answer) => {
      server.on(submitRoute, answer)
      server.on(askRoute, missing)
      expect(await recover()).toBe('unknown')
      server.on(askRoute, answerOf(taskOf({ status: 'processing' })))
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
    ])('after ten minutes is only asked for: %s', async (_, answer, expected) => {
      server.on(askRoute, answer)
      const recovered = await recover(submittedAt - 3_600_000).catch((reason: unknown) => {
        expect(reason).toMatchObject({ name: 'ProviderError' })
        return 'an error'
      })
      expect(recovered).toEqual(expected)
      expect(server.to(submitRoute)).toEqual([])
    })
  })
})
