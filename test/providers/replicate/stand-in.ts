import type { ImageReference } from '../../../src/domain/image.ts'
import type { MakeStandIn } from '../../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../../contracts/provider-submissions.ts'
import { signLikeReplicate } from '../../support/providers/webhook-signatures.ts'

export const apiKey = 'r8_key-of-the-operator'
export const output = 'https://replicate.delivery/x/out.mp4'
export const submitRoute = 'POST /v1/models/kwaivgi/kling-v2.5-turbo-pro/predictions'
export const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }
export const prediction = (more: Record<string, unknown>) => ({
  ...{
    id: 'p1',
    model: 'kwaivgi/kling-v2.5-turbo-pro',
    version: 'hidden',
    input: { prompt: 'secret' },
    logs: '',
    output: null,
    error: null,
  },
  ...{ status: 'starting', metrics: {}, urls: { get: 'https://elsewhere.example/p1', cancel: 'https://elsewhere.example/p1/cancel' } },
  ...more,
})

export const secret = 'whsec_a2xpbmctZGlzY29yZC1ib3QtdGVzdC1zZWNyZXQtMDE='
export const keyRoute = 'GET /v1/webhooks/default/secret'
export const listRoute = 'GET /v1/predictions'
export const webhookFields = { webhook: webhookUrl, webhook_events_filter: ['completed'] }
/** By default, made ten seconds after the lost call. */
export const listed = (more: Record<string, unknown>) => ({
  ...prediction({}),
  created_at: new Date(1_760_000_010_000).toISOString(),
  ...more,
})
export const listOf = (results: unknown[], next: string | null = null) => ({ previous: null, next, results })

export const replicateStandIn: MakeStandIn = (server) => {
  const status = 'GET /v1/predictions/p1'
  const states = {
    pending: { status: 'processing' },
    completed: { status: 'succeeded', output },
    failed: { status: 'failed', error: 'secret trouble' },
    refused: { status: 'failed', error: 'The input or output was flagged as sensitive. (E005) secret' },
    cancelled: { status: 'canceled' },
  }
  return {
    key: apiKey,
    routes: { submit: submitRoute, status, cancel: 'POST /v1/predictions/p1/cancel', upload: ['POST /v1/files'], lost: [listRoute] },
    probe: { route: 'GET /v1/account', up: { json: { type: 'user', username: 'secret', name: 'secret' } } },
    asksBy: 'path',
    operation: { id: 'p1' },
    submitted: { status: 201, json: prediction({}) },
    pending: { json: prediction(states.pending) },
    unknownState: { json: prediction({ status: 'secret' }) },
    refusedContent: { status: 422, json: { detail: 'Failure to pass the risk control system' } },
    submissions: {
      words: { json: { input: { prompt: 'a heron', duration: 5 } } },
      'words with everything': {
        json: { input: { prompt: 'a heron', duration: 10, aspect_ratio: '9:16', negative_prompt: 'haze' }, ...webhookFields },
      },
      'square words': { json: { input: { prompt: 'a heron', duration: 5, aspect_ratio: '1:1' } } },
      'words with empty values': { json: { input: { prompt: 'a heron', duration: 5, aspect_ratio: '16:9', negative_prompt: '' } } },
      'an image': { json: { input: { prompt: 'a heron', duration: 5, start_image: imageUrls.first } } },
      'two images with everything': {
        json: {
          input: {
            ...{ prompt: 'a heron', duration: 10, negative_prompt: 'haze' },
            ...{ start_image: imageUrls.first, end_image: imageUrls.last },
          },
          ...webhookFields,
        },
      },
    },
    webhook: {
      keyRoute,
      keys: (answer) => server.on(keyRoute, answer ?? { json: { key: secret } }),
      headers: (body, sent) => signLikeReplicate(secret, body, sent),
      forged: (body, sent) => signLikeReplicate('whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==', body, sent),
      bodies: (id) => [
        { ...prediction(states.completed), id },
        { ...prediction(states.failed), id },
        { ...prediction({ status: 'a state of tomorrow' }), id },
      ],
      otherId: 'p2',
    },
    lost: (state) => server.on(listRoute, { json: listOf(state === 'there' ? [listed({ id: 'p1', webhook: webhookUrl })] : []) }),
    job: (state) => server.on(status, { json: prediction(states[state]) }),
    outputUrl: output,
    uploads: (failure) => {
      const stored = { status: 201, json: { id: 'f1', urls: { get: 'https://api.replicate.com/v1/files/f1' } } }
      server.on('POST /v1/files', ...(failure ? [failure, stored] : [stored]))
    },
    uploadedBy: 'POST /v1/files',
    uploadedAs: 'https://api.replicate.com/v1/files/f1',
    cancelAccepted: { json: prediction({ status: 'canceled' }) },
    cancelTooLate: { json: prediction({ status: 'succeeded', output }) },
  }
}
