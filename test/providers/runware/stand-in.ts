import type { ImageReference } from '../../../src/domain/image.ts'
import type { MakeStandIn } from '../../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../../contracts/provider-submissions.ts'
import type { RecordedRequest, ScriptedAnswer } from '../../support/providers/scripted-provider.ts'

export const apiKey = 'rw-key-of-the-operator'
export const output = 'https://vm.runware.ai/video/x/v.mp4'
/** Of `attempt-1`, in every version of the bot: jobs that run during an update must be found again. */
export const taskUUID = '92b6c225-eb2b-4fa3-b48f-4cf81cf76384'
export const otherUUID = '4e8a33f4-aa89-4de3-aa2c-4dcada448456'
export const submitRoute = 'POST /v1#videoInference'
export const askRoute = 'POST /v1#getResponse'
export const uploadRoute = 'POST /v1#mediaStorage'
export const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }

export const taskOf = (more: Record<string, unknown> = {}) => ({ taskType: 'videoInference', taskUUID, ...more })
export const answerOf = (...tasks: unknown[]): ScriptedAnswer => ({ json: { data: tasks } })
export const error = (code: string, more: Record<string, unknown> = {}) => ({
  code,
  message: 'secret',
  parameter: ['a', 'b'],
  type: 'string',
  ...more,
})
export const success = taskOf({ status: 'success', videoUUID: 'v', videoURL: output, seed: 923_927_480, cost: 0.35 })
export const stored = (request: RecordedRequest): ScriptedAnswer => {
  const [task] = request.json as [{ taskUUID: string }]
  return answerOf({ taskType: 'mediaStorage', taskUUID: task.taskUUID, mediaUUID: 'm1', mediaURL: 'https://im.runware.ai/m1.png' })
}

/** The answer about the account, under the id of the question. */
export const account =
  (more: Record<string, unknown>) =>
  (request: RecordedRequest): ScriptedAnswer => {
    const [task] = request.json as [{ taskUUID: string }]
    return answerOf({ taskType: 'accountManagement', taskUUID: task.taskUUID, organizationName: 'secret', ...more })
  }

export const runwareStandIn: MakeStandIn = (server) => {
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
    probe: { route: 'POST /v1#accountManagement', up: account({ balance: 126.95 }), empty: account({ balance: 0 }) },
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
      'words with empty values': inference({ CFGScale: 0 }),
      'an image': inference({ inputs: { frameImages: [first] } }),
      'two images with everything': inference({
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
        state === 'there' ? { status: 400, json: { errors: [error('conflictTaskUUID', { taskUUID })] } } : { status: 402, text: '' },
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
