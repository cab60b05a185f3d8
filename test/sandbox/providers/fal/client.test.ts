import { describe, expect, test } from 'vitest'
import { inspectClip } from '../../../../sandbox/clips/inspect-clip.ts'
import { frameOf } from '../../../../sandbox/clips/inspect-clip.ts'
import { likenessOf } from '../../likeness.ts'
import { testImage } from '../../../support/media/test-image.ts'
import { withStandIns } from '../with-stand-ins.ts'
import { falClientOf } from './fal-client.ts'

const context = withStandIns()
const model = 'fal-ai/kling-video/v2.5-turbo/pro'

async function downloaded(url: string): Promise<Uint8Array> {
  const response = await fetch(url)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('video/mp4')
  const bytes = new Uint8Array(await response.arrayBuffer())
  expect(response.headers.get('content-length')).toBe(String(bytes.length))
  return bytes
}

describe("fal's client", () => {
  test('gets a text-to-video clip by polling', async () => {
    const { fal } = context.providers
    const seen: string[] = []
    const { data, requestId } = await falClientOf(fal).subscribe(`${model}/text-to-video`, {
      input: { prompt: 'a fox in the snow', duration: '10', aspect_ratio: '1:1' },
      pollInterval: 20,
      logs: true,
      onQueueUpdate: ({ status }) => seen.push(status),
    })
    const clip = await inspectClip(await downloaded(data.video.url))
    expect(clip.durationSeconds).toBeCloseTo(10, 3)
    expect(clip.width).toBe(clip.height)
    expect(seen.at(-1)).toBe('COMPLETED')
    expect(requestId).toBe(fal.jobs.list()[0]?.id)
    expect(fal.requests.count('create')).toBe(1)
  })

  test('uploads an image and gets a clip that starts with it, by streaming', async () => {
    const { fal } = context.providers
    const client = falClientOf(fal)
    const image = await testImage({ seed: 11 })
    const imageUrl = await client.storage.upload(new Blob([new Uint8Array(image)], { type: 'image/png' }))
    expect(new URL(imageUrl).origin).toBe(fal.origins.media)
    fal.jobs.hold('start')
    const seen: string[] = []
    const { data } = await client.subscribe(`${model}/image-to-video`, {
      input: { prompt: 'slow push in', image_url: imageUrl },
      mode: 'streaming',
      onQueueUpdate: ({ status }) => {
        seen.push(status)
        fal.jobs.release('start')
      },
    })
    const bytes = await downloaded(data.video.url)
    expect((await inspectClip(bytes)).durationSeconds).toBeCloseTo(5, 3)
    expect(await likenessOf(await frameOf(bytes, 'first'), image)).toBeGreaterThan(0.8)
    expect([...new Set(seen)]).toEqual(['IN_QUEUE', 'IN_PROGRESS', 'COMPLETED'])
    expect(fal.requests.count('stream')).toBe(1)
    expect(fal.requests.count('status')).toBe(0)
  })

  test('gets the content check’s refusal as a validation error of the result', async () => {
    const { fal } = context.providers
    const refused = falClientOf(fal).subscribe(`${model}/text-to-video`, { input: { prompt: 'sandbox:moderated' }, pollInterval: 20 })
    await expect(refused).rejects.toMatchObject({
      name: 'ValidationError',
      status: 422,
      body: { detail: [{ type: 'content_policy_violation', loc: ['body', 'prompt'] }] },
    })
  })

  test('cancels', async () => {
    const { fal } = context.providers
    const client = falClientOf(fal)
    fal.jobs.hold('completion')
    const { request_id: requestId } = await client.queue.submit(`${model}/text-to-video`, { input: { prompt: 'stop' } })
    await fal.jobs.reached('running')
    await client.queue.cancel(`${model}/text-to-video`, { requestId })
    expect(fal.jobs.get(requestId)?.state).toBe('cancelled')
  })

  test('is refused with a wrong key', async () => {
    const { fal } = context.providers
    const stranger = falClientOf({ origins: fal.origins, apiKey: 'somebody:else' })
    await expect(stranger.queue.submit(`${model}/text-to-video`, { input: { prompt: 'x' } })).rejects.toMatchObject({ status: 401 })
    expect(fal.jobs.list()).toEqual([])
  })
})
