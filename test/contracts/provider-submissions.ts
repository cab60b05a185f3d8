import { describe, expect, it } from 'vitest'

import type { ImageReference } from '../../src/domain/image.ts'
import type { ClipRequest } from '../../src/domain/clip-request.ts'
import type { HostedImages } from '../../src/providers/provider.ts'
import type { ProviderStage, SubmissionName } from './provider-stand-in.ts'

export const webhookUrl = 'https://bot.example/webhooks/a-provider/token-of-this-attempt-0123456789?a=b&c=d'
export const imageUrls = { first: 'https://files.example/1.png', last: 'https://files.example/2.png' }

const wide: ImageReference = { sha256: 'ab', mediaType: 'image/png', width: 1600, height: 1000, sizeBytes: 3 }
const tall: ImageReference = { sha256: 'cd', mediaType: 'image/png', width: 500, height: 1000, sizeBytes: 3 }

/** Guidance is omitted for a provider without it. */
const submissions: Record<SubmissionName, { request: ClipRequest; images?: HostedImages; webhookUrl?: string }> = {
  words: { request: { prompt: 'a heron', durationSeconds: 5 } },
  'words with everything': {
    request: { prompt: 'a heron', durationSeconds: 10, aspectRatio: '9:16', negativePrompt: 'haze', guidance: 0.25 },
    webhookUrl,
  },
  'square words': { request: { prompt: 'a heron', durationSeconds: 5, aspectRatio: '1:1' } },
  'words with empty values': { request: { prompt: 'a heron', durationSeconds: 5, aspectRatio: '16:9', negativePrompt: '', guidance: 0 } },
  'an image': {
    request: { prompt: 'a heron', durationSeconds: 5, aspectRatio: '9:16', firstFrame: wide },
    images: { firstFrame: { url: imageUrls.first } },
  },
  'two images with everything': {
    request: { prompt: 'a heron', durationSeconds: 10, negativePrompt: 'haze', guidance: 1, firstFrame: tall, lastFrame: tall },
    images: { firstFrame: { url: imageUrls.first }, lastFrame: { url: imageUrls.last } },
    webhookUrl,
  },
}

/** The exact body for each mode and parameter. */
export function describeSubmissions(stage: ProviderStage): void {
  describe('the whole create call', () => {
    it.each(Object.keys(submissions) as SubmissionName[])('for %s', async (name) => {
      const { server, provider, standIn } = stage
      const { request, images = {}, webhookUrl } = submissions[name]
      const { route = standIn.routes.submit, query = {}, json } = standIn.submissions[name]
      server.on(route, standIn.submitted)
      const asked = provider.capabilities.guidance ? request : { ...request, guidance: undefined }
      const { signal } = new AbortController()
      await provider.start(asked, images, { attemptId: 'attempt-1', webhookUrl, signal })
      expect(server.requests.map((sent) => sent.route)).toEqual([route])
      expect(server.requests[0]?.json).toStrictEqual(json)
      expect(Object.fromEntries(new URL(server.requests[0]?.path ?? '', server.origin).searchParams)).toEqual(query)
      expect(server.requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json' })
    })
  })
}
