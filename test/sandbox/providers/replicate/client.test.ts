import Replicate from 'replicate'
import { describe, expect, test } from 'vitest'
import { frameOf, inspectClip } from '../../../../sandbox/clips/inspect-clip.ts'
import type { ReplicateStandIn } from '../../../../sandbox/providers/replicate/stand-in.ts'
import { likenessOf } from '../../likeness.ts'
import { testImage } from '../../../support/media/test-image.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()
const model = 'kwaivgi/kling-v2.5-turbo-pro'
const poll = { mode: 'poll', interval: 20 } as const

/** Replicate's published client, with its option for the address. */
function clientOf({ origins, apiKey }: Pick<ReplicateStandIn, 'origins' | 'apiKey'>): Replicate {
  return new Replicate({ auth: apiKey, baseUrl: `${origins.api}/v1` })
}

async function downloaded(output: unknown): Promise<Uint8Array> {
  if (typeof output !== 'string') throw new TypeError('this model answers with one address')
  const response = await fetch(output)
  expect(response.status).toBe(200)
  return new Uint8Array(await response.arrayBuffer())
}

describe("Replicate's client", () => {
  test('gets a text-to-video clip by polling', async () => {
    const { replicate } = context.providers
    const output = await clientOf(replicate).run(model, { input: { prompt: 'a fox', duration: 10, aspect_ratio: '9:16' }, wait: poll })
    const clip = await inspectClip(await downloaded(output))
    expect(clip.durationSeconds).toBeCloseTo(10, 3)
    expect(clip.height).toBeGreaterThan(clip.width)
    expect(replicate.requests.count('create')).toBe(1)
  })

  test('uploads both images and gets a clip from the first to the last', async () => {
    const { replicate } = context.providers
    const [start, end] = await Promise.all([testImage({ seed: 21 }), testImage({ seed: 22, type: 'jpeg' })])
    const output = await clientOf(replicate).run(model, { input: { prompt: 'over', start_image: start, end_image: end }, wait: poll })
    const bytes = await downloaded(output)
    expect(await likenessOf(await frameOf(bytes, 'first'), start)).toBeGreaterThan(0.8)
    expect(await likenessOf(await frameOf(bytes, 'last'), end)).toBeGreaterThan(0.8)
    expect(replicate.requests.count('upload')).toBe(2)
  })

  test('uploads files that only its key can read', async () => {
    const { replicate } = context.providers
    const client = clientOf(replicate)
    const image = await testImage()
    const file = await client.files.create(new File([new Uint8Array(image)], 'frame.png', { type: 'image/png' }), { attempt: 'a1' })
    expect(file).toMatchObject({ content_type: 'image/png', size: image.length, metadata: { attempt: 'a1' } })
    expect((await fetch(file.urls.get)).status).toBe(401)
    expect(await client.files.get(file.id)).toEqual(file)
    expect((await client.files.list()).results).toEqual([file])
    expect(await client.files.delete(file.id)).toBe(true)
    await expect(client.files.get(file.id)).rejects.toThrow('404')
  })

  test('finds a prediction in the list by its webhook', async () => {
    const { replicate } = context.providers
    const client = clientOf(replicate)
    replicate.jobs.hold('start')
    const webhook = 'https://example.com/hook?attempt=secret'
    const input = { prompt: 'lost and found' }
    const created = await client.predictions.create({ model, input, webhook, webhook_events_filter: ['completed'] })
    await client.predictions.create({ version: model, input })
    const { results, next } = await client.predictions.list()
    expect(results).toHaveLength(2)
    expect(next).toBeNull()
    expect(results[1]).toEqual(created)
    expect(created).toMatchObject({ webhook, webhook_events_filter: ['completed'], input, status: 'starting', version: 'hidden' })
  })

  test('gets an unfinished prediction after blocking for a virtual minute', async () => {
    const { providers } = context
    providers.clock.speed = 1000
    providers.replicate.jobs.hold('completion')
    expect(await clientOf(providers.replicate).run(model, { input: { prompt: 'blocked' } })).toBeNull()
    expect(providers.replicate.jobs.list()[0]?.state).toBe('running')
  })

  test('gets the error of a failed prediction', async () => {
    const { replicate } = context.providers
    const failed = clientOf(replicate).run(model, { input: { prompt: 'sandbox:moderated' }, wait: poll })
    await expect(failed).rejects.toThrow('(E005)')
  })

  test('cancels, and reads the account’s webhook secret', async () => {
    const { replicate } = context.providers
    const client = clientOf(replicate)
    replicate.jobs.hold('completion')
    const { id } = await client.predictions.create({ model, input: { prompt: 'stop' } })
    await replicate.jobs.reached('running')
    expect((await client.predictions.cancel(id)).status).toBe('canceled')
    expect((await client.webhooks.default.secret.get()).key).toMatch(/^whsec_/)
  })
})
