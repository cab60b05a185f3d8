import type { ImageReference } from '../../../src/domain/image.ts'
import type { MakeStandIn } from '../../contracts/provider-stand-in.ts'
import { imageUrls, webhookUrl } from '../../contracts/provider-submissions.ts'
import { signLikeWaveSpeed } from '../../support/providers/webhook-signatures.ts'

export const apiKey = 'ws-key-of-the-operator'
export const output = 'https://cdn.wavespeed.ai/x/out.mp4'
export const textRoute = 'POST /api/v3/kwaivgi/kling-v2.5-turbo-pro/text-to-video'
export const imageRoute = 'POST /api/v3/kwaivgi/kling-v2.5-turbo-pro/image-to-video'
export const resultPath = '/api/v3/predictions/t1/result'
export const ticketRoute = 'POST /api/v3/media/uploads'
export const keyRoute = 'GET /api/v3/webhook/secret'
export const secret = 'whsec_dGVzdC1zZWNyZXQtZm9yLXdhdmVzcGVlZA=='
export const stored = 'https://cdn.wavespeed.ai/uploads/1.png'
export const image: ImageReference = { sha256: 'ab', mediaType: 'image/jpeg', width: 640, height: 360, sizeBytes: 3 }

export const task = (more: Record<string, unknown> = {}) => ({
  ...{ id: 't1', model: 'kwaivgi/kling-v2.5-turbo-pro/text-to-video', outputs: [], has_nsfw_contents: [], status: 'created', error: '' },
  ...{ created_at: '2026-01-01T00:00:00Z', timings: { inference: 0 }, ...more },
})
export const wrapped = (data: unknown) => ({ code: 200, message: 'success', data })
export const urlsOf = (origin: string) => ({ urls: { get: `${origin}${resultPath}` } })

export const wavespeedStandIn: MakeStandIn = (server) => {
  const status = `GET ${resultPath}`
  const states = {
    pending: { status: 'processing' },
    completed: { status: 'completed', outputs: [output], has_nsfw_contents: [false] },
    failed: { status: 'failed', error: 'secret trouble', code: 1403 },
    refused: { status: 'failed', error: 'secret', code: 1200 },
    cancelled: { status: 'cancelled' },
  }
  return {
    key: apiKey,
    routes: { submit: textRoute, status, upload: [ticketRoute, 'PUT /bucket/1'] },
    probe: { route: 'GET /api/v3/balance', up: { json: wrapped({ balance: 0.35 }) }, empty: { json: wrapped({ balance: 0.34 }) } },
    asksBy: 'path',
    operation: { id: 't1', resultUrl: `${server.origin}${resultPath}` },
    submitted: { json: wrapped(task(urlsOf(server.origin))) },
    pending: { json: wrapped(task(states.pending)) },
    unknownState: { json: wrapped(task({ status: 'secret' })) },
    refusedContent: { status: 400, json: { code: 1200, message: 'secret' } },
    submissions: {
      words: { json: { prompt: 'a heron', duration: 5 } },
      'words with everything': {
        query: { webhook: webhookUrl },
        json: { prompt: 'a heron', duration: 10, negative_prompt: 'haze', guidance_scale: 0.25, aspect_ratio: '9:16' },
      },
      'square words': { json: { prompt: 'a heron', duration: 5, aspect_ratio: '1:1' } },
      'words with empty values': {
        json: { prompt: 'a heron', duration: 5, negative_prompt: '', guidance_scale: 0, aspect_ratio: '16:9' },
      },
      'an image': { route: imageRoute, json: { prompt: 'a heron', duration: 5, image: imageUrls.first } },
      'two images with everything': {
        route: imageRoute,
        query: { webhook: webhookUrl },
        json: {
          ...{ prompt: 'a heron', duration: 10, negative_prompt: 'haze', guidance_scale: 1 },
          ...{ image: imageUrls.first, last_image: imageUrls.last },
        },
      },
    },
    webhook: {
      keyRoute,
      keys: (answer) => server.on(keyRoute, answer ?? { json: wrapped({ secret }) }),
      headers: (body, sent) => signLikeWaveSpeed(secret, body, sent),
      forged: (body, sent) => signLikeWaveSpeed('whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==', body, sent),
      bodies: (id) => [
        { ...task(states.completed), input: { prompt: 'secret' }, executionTime: 151_000, id },
        { ...task(states.failed), input: { prompt: 'secret' }, id },
        wrapped({ ...task(states.completed), id }),
      ],
      otherId: 't2',
    },
    job: (state) => server.on(status, { json: wrapped(task(states[state])) }),
    outputUrl: output,
    uploads: (failure) => {
      const upload = {
        method: 'PUT',
        url: `${server.origin}/bucket/1?signature=s`,
        headers: { 'Content-Type': 'image/png', 'x-acl': 'private' },
      }
      const ticket = { json: wrapped({ download_url: stored, upload }) }
      server.on(ticketRoute, ...(failure ? [failure, ticket] : [ticket]))
      server.on('PUT /bucket/1', { status: 200 })
    },
    uploadedBy: 'PUT /bucket/1',
    uploadedAs: stored,
  }
}
