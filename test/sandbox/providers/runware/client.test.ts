import { RunwareServer } from '@runware/sdk-js'
import { describe, expect, onTestFinished, test } from 'vitest'
import { frameOf, inspectClip } from '../../../../sandbox/clips/inspect-clip.ts'
import type { RunwareStandIn } from '../../../../sandbox/providers/runware/stand-in.ts'
import { likenessOf } from '../../likeness.ts'
import { testImage } from '../../../support/media/test-image.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()
const model = 'klingai:6@1'

/** Runware's published client, which uses only WebSocket. */
function clientOf({ origins, apiKey }: Pick<RunwareStandIn, 'origins' | 'apiKey'>): RunwareServer {
  const url = `${origins.socket.replace('http:', 'ws:')}/v1`
  const client = new RunwareServer({ apiKey, url, shouldReconnect: false, globalMaxRetries: 1 })
  onTestFinished(() => client.disconnect())
  return client
}

interface Video {
  taskUUID: string
  videoUUID: string
  videoURL: string
  cost: number
  seed: number
}

async function downloaded(url: string): Promise<Uint8Array> {
  const response = await fetch(url)
  expect(response.headers.get('content-type')).toBe('video/mp4')
  return new Uint8Array(await response.arrayBuffer())
}

describe("Runware's client", () => {
  test('gets two text-to-video clips with different seeds', async () => {
    const { runware } = context.providers
    const videos = (await clientOf(runware).videoInference({
      model,
      positivePrompt: 'a fox in the snow',
      width: 720,
      height: 720,
      duration: 10,
      numberResults: 2,
      includeCost: true,
    })) as unknown as Video[]
    expect(videos).toHaveLength(2)
    expect(new Set(videos.map(({ videoUUID }) => videoUUID)).size).toBe(2)
    expect(videos.map(({ cost }) => cost)).toEqual([0.7, 0.7])
    const clips = await Promise.all(videos.map(({ videoURL }) => downloaded(videoURL)))
    expect(clips[0]).not.toEqual(clips[1])
    const clip = await inspectClip(clips[0] ?? new Uint8Array())
    expect(clip.durationSeconds).toBeCloseTo(10, 3)
    expect(clip.width).toBe(clip.height)
    expect(runware.invoice.sheet().totalMicroUsd).toBe(1_400_000)
    const [first] = runware.requests.list('session')
    expect(first).toMatchObject({ origin: 'socket', authorization: 'accepted', body: [{ taskType: 'authentication', apiKey: 'hidden' }] })
  })

  test('stores an image and gets a clip that starts with it', async () => {
    const { runware } = context.providers
    const client = clientOf(runware)
    const image = await testImage({ seed: 13 })
    const stored = await client.mediaStorage({ media: `data:image/png;base64,${image.toString('base64')}` })
    const [video] = (await client.videoInference({
      model,
      positivePrompt: 'slow push in',
      inputs: { frameImages: [{ image: stored.mediaUUID, frame: 'first' }] },
    })) as unknown as Video[]
    const bytes = await downloaded(video?.videoURL ?? '')
    expect((await inspectClip(bytes)).durationSeconds).toBeCloseTo(5, 3)
    expect(await likenessOf(await frameOf(bytes, 'first'), image)).toBeGreaterThan(0.8)
  })

  test('gets the errors of failed and refused tasks', async () => {
    const client = clientOf(context.providers.runware)
    await expect(client.videoInference({ model, positivePrompt: 'sandbox:moderated' })).rejects.toMatchObject({
      error: { code: 'invalidProviderContent' },
    })
    await expect(client.videoInference({ model, positivePrompt: 'sandbox:no-credit' })).rejects.toMatchObject({
      error: { code: 'insufficientCredits' },
    })
    await expect(client.videoInference({ model, positivePrompt: 'x' })).rejects.toMatchObject({ error: { code: 'invalidPositivePrompt' } })
  })

  test('is refused with a wrong key', async () => {
    const { runware } = context.providers
    const stranger = clientOf({ origins: runware.origins, apiKey: 'wrong' })
    await expect(stranger.videoInference({ model, positivePrompt: 'a fox' })).rejects.toMatchObject({ error: { code: 'invalidApiKey' } })
    expect(runware.jobs.list()).toEqual([])
  })
})
