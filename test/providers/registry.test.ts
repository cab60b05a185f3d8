import { describe, expect, it } from 'vitest'

import type { ImageReference } from '../../src/domain/image.ts'
import type { ClipRequest } from '../../src/domain/clip-request.ts'
import { liveOrigins } from '../../src/config/config.ts'
import { providerIds } from '../../src/domain/provider-id.ts'
import { createNetwork } from '../../src/network/network.ts'
import { capableProviders, missingCapabilities } from '../../src/providers/capabilities.ts'
import { capabilitiesOf, createProviders } from '../../src/providers/registry.ts'
import { startScriptedProvider } from '../support/scripted-provider.ts'

const image: ImageReference = { sha256: 'ab', mediaType: 'image/png', width: 640, height: 360, sizeBytes: 3 }
const accounts = providerIds.map((id) => ({ id, apiKey: `key-of-${id}` }))

describe('the providers', () => {
  it('are those with an account, in the order asked for', async () => {
    const network = createNetwork({ allowPrivateAddresses: false })
    const providers = createProviders({ accounts, origins: liveOrigins }, { network })
    expect(providers.all().map(({ id }) => id)).toEqual(['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'])
    expect(providers.inOrder(['runware', 'fal']).map(({ id }) => id)).toEqual(['runware', 'fal'])
    for (const id of providerIds) expect(providers.find(id)).toMatchObject({ id, capabilities: capabilitiesOf[id] })
    const one = createProviders({ accounts: accounts.filter(({ id }) => id === 'replicate'), origins: liveOrigins }, { network })
    expect(one.inOrder(['fal', 'replicate']).map(({ id }) => id)).toEqual(['replicate'])
    expect(one.find('fal')).toBeUndefined()
    await Promise.all([providers.close(), one.close(), network.close()])
  })

  it('are reached with their own key, and Runware as the operator chose', async () => {
    await using server = await startScriptedProvider()
    const network = createNetwork({ allowPrivateAddresses: true })
    const at = { api: server.origin }
    const origins = { fal: { queue: server.origin, storage: server.origin }, replicate: at, wavespeed: at, runware: at, eachlabs: at }
    const choices = { runware: { output: { quality: 40 }, safety: { checkContent: true, mode: 'full' } } } as const
    const providers = createProviders({ accounts, origins, choices }, { network })
    const { signal } = new AbortController()
    for (const provider of providers.all()) {
      server.requests.splice(0)
      await expect(provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })).rejects.toMatchObject({
        provider: provider.id,
        httpStatus: 501,
      })
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([
        expect.stringMatching(new RegExp(`key-of-${provider.id}$`)),
      ])
      if (provider.id === 'runware') expect(server.requests[0]?.json).toMatchObject([{ outputQuality: 40, safety: { mode: 'full' } }])
    }
    await Promise.all([providers.close(), network.close()])
  })

  const all = providerIds.map((id) => ({ id, capabilities: capabilitiesOf[id] }))
  it.each<[string, Partial<ClipRequest>, readonly string[]]>([
    ['words', {}, providerIds],
    ['a picture', { firstFrame: image }, providerIds],
    ['two pictures', { firstFrame: image, lastFrame: image }, providerIds],
    ['a negative prompt', { negativePrompt: 'n' }, providerIds],
    ['guidance, even none', { guidance: 0 }, ['fal', 'wavespeed', 'runware', 'eachlabs']],
  ])('that can do a clip from %s', (_, more, ids) => {
    const request: ClipRequest = { prompt: 'p', durationSeconds: 5, ...more }
    expect(capableProviders(all, request).map(({ id }) => id)).toEqual(ids)
  })

  it('say everything that they lack', () => {
    const nothing = { text: false, firstFrame: false, lastFrame: false, negativePrompt: false, guidance: false, cancel: false }
    const server = { capabilities: { ...nothing, webhook: 'signed' as const } }
    const request: ClipRequest = { prompt: 'p', durationSeconds: 5, firstFrame: image, lastFrame: image, negativePrompt: '', guidance: 0.5 }
    expect(missingCapabilities(server, request)).toEqual(['firstFrame', 'lastFrame', 'negativePrompt', 'guidance'])
    expect(missingCapabilities(server, { prompt: 'p', durationSeconds: 5 })).toEqual(['text'])
  })
})
