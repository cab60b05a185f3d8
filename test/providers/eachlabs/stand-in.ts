import { createHmac } from 'node:crypto'

import type { ImageReference } from '../../../src/domain/image.ts'
import type { MakeStandIn } from '../../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../../contracts/provider-submissions.ts'

export const apiKey = 'el-key-of-the-operator'
export const output = 'https://storage.eachlabs.ai/x/out.mp4'
export const submitRoute = 'POST /v1/prediction/'
export const statusRoute = 'GET /v1/prediction/p1'
export const cancelRoute = 'POST /v1/prediction/p1/cancel'
export const ticketRoute = 'POST /v1/upload/presign'
export const stored = 'https://storage.eachlabs.ai/1.png'
export const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }
/** Of the key above, in every version of the bot: webhooks of older jobs contain it. */
export const webhookSecret = createHmac('sha256', apiKey).update('rushes webhooks from eachlabs').digest('hex')

export const prediction = (more: Record<string, unknown> = {}) => ({
  ...{ id: 'p1', input: { prompt: 'secret' }, status: 'processing', output: null, logs: null, metrics: { predict_time: 0, cost: 0 } },
  ...{ urls: { cancel: 'https://elsewhere.example/p1/cancel', get: 'https://elsewhere.example/p1' }, ...more },
})
export const accepted = { status: 'success', message: 'Prediction created successfully', predictionID: 'p1' }

export const eachlabsStandIn: MakeStandIn = (server) => {
  const states = {
    pending: { status: 'processing' },
    completed: { status: 'success', output, metrics: { predict_time: 151.2, cost: 0.35 } },
    failed: { status: 'error', output: { error: 'secret', error_code: 'PROVIDER_FAILED' } },
    refused: { status: 'failed', output: { error_message: 'Failure to pass the risk control system' } },
    cancelled: { status: 'cancelled' },
  }
  const order = (model: 'text' | 'image', input: object, isAnnounced = false) => ({
    json: {
      ...{ model: `kling-v2-5-turbo-pro-${model}-to-video`, version: '0.0.1', input: { prompt: 'a heron', ...input } },
      ...(isAnnounced && { webhook_url: webhookUrl, webhook_secret: webhookSecret }),
    },
  })
  return {
    key: apiKey,
    routes: { submit: submitRoute, status: statusRoute, cancel: cancelRoute, upload: [ticketRoute, 'PUT /bucket/1'] },
    probe: { route: 'GET /v1/billing/balance', up: { json: { balance_usd: 53.475 } }, empty: { json: { balance_usd: -0.005 } } },
    asksBy: 'path',
    operation: { id: 'p1' },
    submitted: { json: accepted },
    pending: { json: prediction(states.pending) },
    unknownState: { json: prediction({ status: 'secret' }) },
    refusedContent: { status: 422, json: { status: 'error', message: 'Failure to pass the risk control system', details: '' } },
    submissions: {
      words: order('text', { duration: '5' }),
      'words with everything': order('text', { duration: '10', negative_prompt: 'haze', cfg_scale: 0.25, aspect_ratio: '9:16' }, true),
      'square words': order('text', { duration: '5', aspect_ratio: '1:1' }),
      'words with empty values': order('text', { duration: '5', negative_prompt: '', cfg_scale: 0, aspect_ratio: '16:9' }),
      'an image': order('image', { duration: '5', image_url: imageUrls.first }),
      'two images with everything': order(
        'image',
        { duration: '10', negative_prompt: 'haze', cfg_scale: 1, image_url: imageUrls.first, tail_image_url: imageUrls.last },
        true,
      ),
    },
    webhook: {
      headers: () => ({ 'x-webhook-secret': webhookSecret }),
      forged: () => ({ 'x-webhook-secret': createHmac('sha256', 'somebody').update('else').digest('hex') }),
      bodies: (id) => [
        { exec_id: id, flow_id: null, status: 'succeeded', output, error: '' },
        { exec_id: id, flow_id: null, status: 'failed', output: [{ id: '', status: '', output: '', error: 'secret' }], error: '' },
        { predictionID: id, status: 'success', output },
      ],
      otherId: 'p2',
    },
    job: (state) => server.on(statusRoute, { json: prediction(states[state]) }),
    outputUrl: output,
    uploads: (failure) => {
      const headers = { 'x-acl': 'public-read' }
      const ticket = {
        json: { id: 'f1', presigned_url: `${server.origin}/bucket/1?signature=s`, public_url: stored, required_headers: headers },
      }
      server.on(ticketRoute, ...(failure ? [failure, ticket] : [ticket]))
      server.on('PUT /bucket/1', { status: 200 })
    },
    uploadedBy: 'PUT /bucket/1',
    uploadedAs: stored,
    cancelAccepted: { json: { status: 'cancelled', message: 'Prediction canceled successfully', predictionID: 'p1' } },
    cancelTooLate: { status: 409, json: { error: 'already finished' } },
  }
}
