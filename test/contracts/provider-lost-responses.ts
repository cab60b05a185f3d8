import { describe, expect, it } from 'vitest'

import type { ImageReference } from '../../src/domain/image.ts'
import type { ClipRequest } from '../../src/domain/clip-request.ts'
import { ProviderError } from '../../src/domain/provider-error.ts'
import type { LostSubmission } from '../../src/providers/provider.ts'
import type { ScriptedAnswer } from '../support/providers/scripted-provider.ts'
import type { ProviderStage } from './provider-stand-in.ts'
import { imageUrls, webhookUrl } from './provider-submissions.ts'

const image: ImageReference = { sha256: 'ab', mediaType: 'image/png', width: 640, height: 360, sizeBytes: 3 }
const request: ClipRequest = { prompt: 'a heron', durationSeconds: 5, firstFrame: image }
const images = { firstFrame: { url: imageUrls.first } }
const lost: LostSubmission = { attemptId: 'attempt-1', webhookUrl, submittedAt: 1_760_000_000_000 }

/** A create call whose response was lost: its job is found by our mark, or not at all. */
export function describeLostResponses(stage: ProviderStage): void {
  describe('a lost create response', () => {
    const { signal } = new AbortController()
    /** The result of `recover`; undefined where the provider has none. */
    const recover = (more: Partial<LostSubmission> = {}) => {
      const { provider, standIn } = stage
      expect(provider.recover !== undefined).toBe(standIn.lost !== undefined)
      return provider.recover?.(request, images, { ...lost, ...more }, { signal })
    }

    it('is found, and the job is the right one', async () => {
      const { standIn } = stage
      standIn.lost?.('there')
      const recovered = await recover()
      expect(recovered).toEqual(standIn.lost ? standIn.operation : undefined)
    })

    it('is not found where there is no job, which proves nothing', async () => {
      const { standIn } = stage
      standIn.lost?.('absent')
      expect(await recover()).toBe(standIn.lost ? 'unknown' : undefined)
    })

    it.each<[string, ScriptedAnswer]>([
      ['a reset', { fault: 'reset' }],
      ['HTML', { text: '<html>secret</html>' }],
      ['503', { status: 503 }],
      ['401', { status: 401, json: {} }],
    ])('that cannot be searched for (%s) does not count as absent', async (_, answer) => {
      const { server, provider, standIn } = stage
      if (!provider.recover) return
      standIn.lost?.('there')
      for (const route of standIn.routes.lost ?? []) server.on(route, answer)
      await expect(recover()).rejects.toBeInstanceOf(ProviderError)
    })
  })
}
