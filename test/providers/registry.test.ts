import { describe, expect, it } from 'vitest'

import type { ClipRequest, FrameReference } from '../../src/domain/clip-request.ts'
import { providerIds } from '../../src/domain/provider-id.ts'
import { createNetwork } from '../../src/network/network.ts'
import { capableProviders, missingCapabilities } from '../../src/providers/capable.ts'
import { capabilitiesOf, createProviders } from '../../src/providers/registry.ts'

const frame: FrameReference = { sha256: 'ab', mediaType: 'image/png', width: 640, height: 360, sizeBytes: 3 }
const accounts = {
  fal: { apiKey: 'a', origins: { queue: 'https://queue.fal.run', storage: 'https://rest.fal.ai' } },
  replicate: { apiKey: 'b', origins: { api: 'https://api.replicate.com' } },
}

describe('the hosts', () => {
  it('are those with an account, in the order asked for', async () => {
    const network = createNetwork({ allowPrivateAddresses: false })
    const providers = createProviders(accounts, { network })
    expect(providers.all().map(({ id }) => id)).toEqual(['fal', 'replicate'])
    expect(providers.inOrder(['replicate', 'fal']).map(({ id }) => id)).toEqual(['replicate', 'fal'])
    expect(providers.find('replicate')?.capabilities).toEqual(capabilitiesOf.replicate)
    const one = createProviders({ replicate: accounts.replicate }, { network })
    expect(one.inOrder(['fal', 'replicate']).map(({ id }) => id)).toEqual(['replicate'])
    expect(one.find('fal')).toBeUndefined()
    await Promise.all([providers.close(), one.close(), network.close()])
  })

  const all = providerIds.map((id) => ({ id, capabilities: capabilitiesOf[id] }))
  it.each<[string, Partial<ClipRequest>, string[]]>([
    ['words', {}, ['fal', 'replicate']],
    ['a picture', { startFrame: frame }, ['fal', 'replicate']],
    ['two pictures', { startFrame: frame, lastFrame: frame }, ['fal', 'replicate']],
    ['a negative prompt', { negativePrompt: 'n' }, ['fal', 'replicate']],
    ['guidance, even none', { guidance: 0 }, ['fal']],
  ])('that can do a clip from %s', (_, more, ids) => {
    const request: ClipRequest = { prompt: 'p', durationSeconds: 5, ...more }
    expect(capableProviders(all, request).map(({ id }) => id)).toEqual(ids)
  })

  it('say everything that they lack', () => {
    const nothing = { text: false, firstFrame: false, lastFrame: false, negativePrompt: false, guidance: false, cancel: false }
    const host = { capabilities: { ...nothing, webhook: 'signed' as const } }
    const request: ClipRequest = { prompt: 'p', durationSeconds: 5, startFrame: frame, lastFrame: frame, negativePrompt: '', guidance: 0.5 }
    expect(missingCapabilities(host, request)).toEqual(['firstFrame', 'lastFrame', 'negativePrompt', 'guidance'])
    expect(missingCapabilities(host, { prompt: 'p', durationSeconds: 5 })).toEqual(['text'])
  })
})
