import type { ImageReference } from '../../../src/domain/image.ts'
import type { Operation } from '../../../src/providers/provider.ts'
import type { MakeStandIn } from '../../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../../contracts/provider-submissions.ts'
import type { ScriptedAnswer } from '../../support/providers/scripted-provider.ts'
import { ed25519Key, publicX, signLikeFal } from '../../support/providers/webhook-signatures.ts'

export const apiKey = 'id:key-of-the-operator'
export const output = 'https://v3.fal.media/files/x/out.mp4'
export const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }
export const textRoute = 'POST /fal-ai/kling-video/v2.5-turbo/pro/text-to-video'
export const imageRoute = 'POST /fal-ai/kling-video/v2.5-turbo/pro/image-to-video'
export const requestPath = '/fal-ai/kling-video/requests/r1'
export const statusRoute = `GET ${requestPath}/status`
export const resultRoute = `GET ${requestPath}/response`
export const cancelRoute = `PUT ${requestPath}/cancel`
export const ticketRoute = 'POST /storage/upload/initiate'

export const operationOf = (origin: string): Operation => ({
  id: 'r1',
  statusUrl: `${origin}${requestPath}/status`,
  responseUrl: `${origin}${requestPath}/response`,
  cancelUrl: `${origin}${requestPath}/cancel`,
})
export const submitted = (origin: string): ScriptedAnswer => ({
  json: {
    ...{ status: 'IN_QUEUE', request_id: 'r1', queue_position: 0, status_url: `${origin}${requestPath}/status` },
    ...{ response_url: `${origin}${requestPath}/response`, cancel_url: `${origin}${requestPath}/cancel` },
  },
})
export const result: ScriptedAnswer = { json: { video: { url: output, content_type: 'video/mp4', file_name: 'out.mp4', file_size: 123 } } }
export const detail = (type: string, more: object = {}) => ({
  detail: [{ loc: ['body', 'image_url'], msg: 'secret', type, url: 'https://docs.fal.ai/errors', input: 'secret', ...more }],
})

export const keyRoute = 'GET /.well-known/jwks.json'
export const requestIdIn = (body: string) => /"request_id":"(\w+)"/.exec(body)?.[1] ?? 'r1'

export const falStandIn: MakeStandIn = (server) => {
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
    serverErrorsAreFree: true,
    probe: {
      route: 'GET /fal-ai/kling-video/requests/00000000-0000-0000-0000-000000000000/status',
      up: { status: 404, json: { detail: 'Request not found' } },
    },
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
      'words with empty values': { json: { prompt: 'a heron', duration: '5', negative_prompt: '', cfg_scale: 0, aspect_ratio: '16:9' } },
      'an image': { route: imageRoute, json: { prompt: 'a heron', duration: '5', image_url: imageUrls.first } },
      'two images with everything': {
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
