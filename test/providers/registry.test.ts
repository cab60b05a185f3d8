import { describe, expect, it } from 'vitest'

import type { ImageReference } from '../../src/domain/image.ts'
import type { ClipRequest } from '../../src/domain/clip-request.ts'
import { createNetwork } from '../../src/network/network.ts'
import { capableProviders, missingCapabilities } from '../../src/providers/capabilities.ts'
import { createProviders } from '../../src/providers/create-providers.ts'
import { providerDescriptors } from '../../src/providers/registry.ts'
import { startScriptedProvider } from '../support/providers/scripted-provider.ts'

const image: ImageReference = { sha256: 'ab', mediaType: 'image/png', width: 640, height: 360, sizeBytes: 3 }
const providerIds = providerDescriptors.map(({ id }) => id)
const optionsOf: Record<string, Record<string, unknown>> = { runware: { RUNWARE_OUTPUT_QUALITY: 40, RUNWARE_SAFETY: 'full' } }
const accounts = providerIds.map((id) => ({ id, apiKey: `key-of-${id}`, options: optionsOf[id] ?? {} }))

describe('the registry', () => {
  it('lists each provider once', () => {
    expect(providerIds).toEqual(['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'])
  })
})

describe('the providers', () => {
  it('are those with an account, in the order of the accounts', async () => {
    const network = createNetwork({ allowPrivateAddresses: false })
    const some = [...accounts].reverse().filter(({ id }) => id !== 'fal')
    const providers = createProviders({ descriptors: providerDescriptors, accounts: some, origins: {} }, { network })
    expect([...providers.byId.keys()]).toEqual(['eachlabs', 'runware', 'wavespeed', 'replicate'])
    for (const { id, capabilities } of providerDescriptors.slice(1)) expect(providers.byId.get(id)).toMatchObject({ id, capabilities })
    await Promise.all([providers.close(), network.close()])
  })

  it('never fall back to the live service where origins are given', async () => {
    const network = createNetwork({ allowPrivateAddresses: true })
    const origins = { providers: { fal: { queue: 'http://127.0.0.1:1', rest: 'http://127.0.0.1:1' } } }
    expect(() => createProviders({ descriptors: providerDescriptors, accounts, origins }, { network })).toThrow('replicate has no origins')
    await network.close()
  })

  it('are reached with their own key, and Runware with the options of the operator', async () => {
    await using server = await startScriptedProvider()
    const network = createNetwork({ allowPrivateAddresses: true })
    const all = providerDescriptors.map(({ id, origins }) => [
      id,
      Object.fromEntries(Object.keys(origins).map((name) => [name, server.origin])),
    ])
    const origins = { providers: Object.fromEntries(all) as Record<string, Record<string, string>> }
    const providers = createProviders({ descriptors: providerDescriptors, accounts, origins }, { network })
    const { signal } = new AbortController()
    for (const [id, provider] of providers.byId) {
      server.requests.splice(0)
      await expect(provider.start({ prompt: 'p', durationSeconds: 5 }, {}, { attemptId: 'a1', signal })).rejects.toMatchObject({
        provider: id,
        httpStatus: 501,
      })
      expect(server.requests.map(({ headers }) => headers.authorization)).toEqual([expect.stringMatching(new RegExp(`key-of-${id}$`))])
      if (id === 'runware') expect(server.requests[0]?.json).toMatchObject([{ outputQuality: 40, safety: { mode: 'full' } }])
    }
    await Promise.all([providers.close(), network.close()])
  })

  it.each<[string, Partial<ClipRequest>, readonly string[]]>([
    ['words', {}, providerIds],
    ['an image', { firstFrame: image }, providerIds],
    ['two images', { firstFrame: image, lastFrame: image }, providerIds],
    ['a negative prompt', { negativePrompt: 'n' }, providerIds],
    ['guidance, even none', { guidance: 0 }, ['fal', 'wavespeed', 'runware', 'eachlabs']],
  ])('that can do a clip from %s', (_, more, ids) => {
    const request: ClipRequest = { prompt: 'p', durationSeconds: 5, ...more }
    expect(capableProviders(providerDescriptors, request).map(({ id }) => id)).toEqual(ids)
  })

  it('say everything that they lack', () => {
    const server = { capabilities: { text: false, firstFrame: false, lastFrame: false, negativePrompt: false, guidance: false } }
    const request: ClipRequest = { prompt: 'p', durationSeconds: 5, firstFrame: image, lastFrame: image, negativePrompt: '', guidance: 0.5 }
    expect(missingCapabilities(server, request)).toEqual(['firstFrame', 'lastFrame', 'negativePrompt', 'guidance'])
    expect(missingCapabilities(server, { prompt: 'p', durationSeconds: 5 })).toEqual(['text'])
  })
})
