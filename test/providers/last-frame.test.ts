import { createHash } from 'node:crypto'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { frameOf } from '../../sandbox/clips/inspect-clip.ts'
import type { Image } from '../../src/domain/image.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import { createProviders, type Providers } from '../../src/providers/create-providers.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { providerDescriptors } from '../../src/providers/registry.ts'
import { likenessOf } from '../sandbox/likeness.ts'
import { callFal, callReplicate, falImage, replicateCreate } from '../sandbox/providers/calls.ts'
import { callEachlabs, callWavespeed, type ProviderName, wavespeedImage } from '../sandbox/providers/customers.ts'
import { withStandIns } from '../sandbox/providers/with-stand-ins.ts'
import { originsOf } from '../support/bot/bot-settings.ts'
import { testImage } from '../support/media/test-image.ts'

/** Providers drop fields that they do not know: only the clip itself shows whether its last frame arrived. */
const stage = withStandIns()
const { signal } = new AbortController()

async function imageOf(seed: number): Promise<Image> {
  const bytes = await testImage({ seed, width: 640, height: 480 })
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { bytes, sha256, mediaType: 'image/png', width: 640, height: 480, sizeBytes: bytes.byteLength }
}

const [firstFrame, lastFrame] = await Promise.all([imageOf(31), imageOf(32)])
const request = { prompt: 'a heron', durationSeconds: 5, firstFrame, lastFrame } as const

/** How much the clip of the provider's only job looks like each image at its ends. */
async function likenesses(name: ProviderName): Promise<{ first: number; last: number }> {
  const { clip = new Uint8Array() } = await stage.providers[name].jobs.reached('succeeded')
  const [first, last] = await Promise.all([frameOf(clip, 'first'), frameOf(clip, 'last')])
  return { first: await likenessOf(first, firstFrame.bytes), last: await likenessOf(last, lastFrame.bytes) }
}

describe.each(providerDescriptors)('$id, if it drops unknown fields', (descriptor) => {
  const name = descriptor.id as ProviderName
  let network: Network
  let providers: Providers
  let provider: Provider

  beforeEach(() => {
    const standIn = stage.providers[name]
    standIn.behavior.unknownFields = 'dropped'
    network = createNetwork({ allowPrivateAddresses: true })
    const accounts = [{ id: name, apiKey: standIn.apiKey, options: descriptor.options?.parse({}) ?? {} }]
    providers = createProviders({ descriptors: [descriptor], accounts, origins: { providers: originsOf(stage.providers) } }, { network })
    provider = providers.byId.get(name) ?? expect.unreachable('it has an account')
  })
  afterEach(async () => {
    await providers.close()
    await network.close()
  })

  it('makes a clip that ends in the last frame', async () => {
    const { clock } = stage.providers
    const { speed } = clock
    // Under load an announced upload could expire in virtual time.
    clock.speed = 0
    const images = { firstFrame: await provider.prepare(firstFrame, { signal }), lastFrame: await provider.prepare(lastFrame, { signal }) }
    await provider.start(request, images, { attemptId: 'attempt-1', signal })
    clock.speed = speed
    const { first, last } = await likenesses(name)
    expect(first).toBeGreaterThan(0.8)
    expect(last).toBeGreaterThan(0.8)
  })
})

/** What a wrong name would lead to: a paid clip that does not end in the last frame, and no error. */
describe('a last frame under a name that the provider does not know', () => {
  const dataUri = ({ bytes }: Image) => `data:image/png;base64,${Buffer.from(bytes).toString('base64')}`
  const [first, unknown] = [dataUri(firstFrame), dataUri(lastFrame)]
  const post = (body: object) => ({ method: 'POST', body })
  const input = { prompt: 'a heron' }

  it.each<[ProviderName, () => Promise<{ status: number }>]>([
    ['fal', () => callFal(stage.providers.fal, falImage, post({ ...input, image_url: first, end_image_url: unknown }))],
    [
      'replicate',
      () =>
        callReplicate(stage.providers.replicate, replicateCreate, post({ input: { ...input, start_image: first, last_image: unknown } })),
    ],
    ['wavespeed', () => callWavespeed(stage.providers, wavespeedImage, post({ ...input, image: first, end_image: unknown }))],
    ['eachlabs', () => orderAtEachlabs({ ...input, end_image_url: 'https://example.com/last.png' })],
  ])('is dropped by %s without a word', async (name, submit) => {
    stage.providers[name].behavior.unknownFields = 'dropped'
    expect((await submit()).status).toBeLessThan(300)
    expect((await likenesses(name)).last).toBeLessThan(0.7)
    expect(stage.providers[name].invoice.sheet().totalMicroUsd).toBe(350_000)
  })

  it.each(['fal', 'eachlabs'] as const)('is refused by %s unless told otherwise, which shows a mistake of ours', async (name) => {
    const wrong = { ...input, image_url: 'https://example.com/first.png', end_image_url: 'https://example.com/last.png' }
    const answer = name === 'fal' ? await callFal(stage.providers.fal, falImage, post(wrong)) : await createAtEachlabs(wrong)
    expect(answer.status).toBe(name === 'fal' ? 422 : 400)
  })

  const createAtEachlabs = (body: object) =>
    callEachlabs(stage.providers, '/v1/prediction/', post({ model: 'kling-v2-5-turbo-pro-image-to-video', input: body }))

  /** It takes no data URIs, so the first frame is uploaded. */
  async function orderAtEachlabs(body: object) {
    stage.providers.clock.speed = 0
    const presigned = await callEachlabs(stage.providers, '/v1/upload/presign', post({ content_type: 'image/png', file_type: 'image' }))
    const ticket = presigned.body as { presigned_url: string; public_url: string; required_headers: Record<string, string> }
    const headers = { ...ticket.required_headers, 'content-type': 'image/png' }
    await fetch(ticket.presigned_url, { method: 'PUT', headers, body: new Uint8Array(firstFrame.bytes) })
    const answer = await createAtEachlabs({ ...body, image_url: ticket.public_url })
    stage.providers.clock.speed = 10_000
    return answer
  }
})
