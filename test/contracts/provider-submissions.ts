import { describe, expect, it } from 'vitest'

import type { ClipRequest, FrameReference } from '../../src/domain/clip-request.ts'
import type { HostedFrames } from '../../src/providers/provider.ts'
import type { ProviderStage, SubmissionName } from './provider-stand-in.ts'

export const webhookUrl = 'https://bot.example/webhooks/a-host/token-of-this-attempt-0123456789?a=b&c=d'
export const pictureUrls = { first: 'https://files.example/1.png', last: 'https://files.example/2.png' }

const wide: FrameReference = { sha256: 'ab', mediaType: 'image/png', width: 1600, height: 1000, sizeBytes: 3 }
const tall: FrameReference = { sha256: 'cd', mediaType: 'image/png', width: 500, height: 1000, sizeBytes: 3 }

/** Guidance is left out for a host that has none. */
const submissions: Record<SubmissionName, { request: ClipRequest; frames?: HostedFrames; webhookUrl?: string }> = {
  words: { request: { prompt: 'a heron', durationSeconds: 5 } },
  'words with everything': {
    request: { prompt: 'a heron', durationSeconds: 10, aspectRatio: '9:16', negativePrompt: 'haze', guidance: 0.25 },
    webhookUrl,
  },
  'square words': { request: { prompt: 'a heron', durationSeconds: 5, aspectRatio: '1:1' } },
  'words with nothing in it': { request: { prompt: 'a heron', durationSeconds: 5, aspectRatio: '16:9', negativePrompt: '', guidance: 0 } },
  'a picture': {
    request: { prompt: 'a heron', durationSeconds: 5, aspectRatio: '9:16', startFrame: wide },
    frames: { startFrame: { url: pictureUrls.first } },
  },
  'two pictures with everything': {
    request: { prompt: 'a heron', durationSeconds: 10, negativePrompt: 'haze', guidance: 1, startFrame: tall, lastFrame: tall },
    frames: { startFrame: { url: pictureUrls.first }, lastFrame: { url: pictureUrls.last } },
    webhookUrl,
  },
}

/** What goes over the wire for each mode and parameter, to the last field. */
export function describeSubmissions(stage: () => ProviderStage): void {
  describe('the whole create call', () => {
    it.each(Object.keys(submissions) as SubmissionName[])('for %s', async (name) => {
      const { host, provider, standIn } = stage()
      const { request, frames = {}, webhookUrl } = submissions[name]
      const { route = standIn.routes.submit, query = {}, json } = standIn.submissions[name]
      host.on(route, standIn.submitted)
      const asked = provider.capabilities.guidance ? request : { ...request, guidance: undefined }
      const { signal } = new AbortController()
      await provider.start(asked, frames, { attemptId: 'attempt-1', webhookUrl, signal })
      expect(host.requests.map((sent) => sent.route)).toEqual([route])
      expect(host.requests[0]?.json).toStrictEqual(json)
      expect(Object.fromEntries(new URL(host.requests[0]?.path ?? '', host.origin).searchParams)).toEqual(query)
      expect(host.requests[0]?.headers).toMatchObject({ 'content-type': 'application/json', accept: 'application/json' })
    })
  })
}
