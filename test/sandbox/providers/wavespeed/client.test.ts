import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'wavespeed'
import { describe, expect, onTestFinished, test } from 'vitest'
import { frameOf, inspectClip } from '../../../../sandbox/clips/inspect-clip.ts'
import type { WavespeedStandIn } from '../../../../sandbox/providers/wavespeed/stand-in.ts'
import { likenessOf } from '../../likeness.ts'
import { testImage } from '../../../support/media/test-image.ts'
import { withStandIns } from '../with-stand-ins.ts'

const context = withStandIns()
const model = 'kwaivgi/kling-v2.5-turbo-pro'
const patience = { pollInterval: 0.02 }

/** WaveSpeed's published client. */
function clientOf({ origins, apiKey }: Pick<WavespeedStandIn, 'origins' | 'apiKey'>): Client {
  return new Client(apiKey, { baseUrl: origins.api, maxConnectionRetries: 0 })
}

async function downloaded(url: unknown): Promise<Uint8Array> {
  const response = await fetch(String(url))
  expect(response.headers.get('content-type')).toBe('video/mp4')
  return new Uint8Array(await response.arrayBuffer())
}

describe("WaveSpeed's client", () => {
  test('gets a text-to-video clip', async () => {
    const { wavespeed } = context.providers
    const input = { prompt: 'a fox in the snow', duration: 10, aspect_ratio: '9:16' }
    const { outputs } = await clientOf(wavespeed).run(`${model}/text-to-video`, input, patience)
    const clip = await inspectClip(await downloaded((outputs as unknown[])[0]))
    expect(clip.durationSeconds).toBeCloseTo(10, 3)
    expect(clip.height).toBeGreaterThan(clip.width)
    expect(wavespeed.requests.count('create')).toBe(1)
  })

  test('uploads an image and gets a clip that starts with it', async () => {
    const { wavespeed } = context.providers
    const client = clientOf(wavespeed)
    const folder = mkdtempSync(join(tmpdir(), 'rushes-picture-'))
    onTestFinished(() => {
      rmSync(folder, { recursive: true })
    })
    const drawn = await testImage({ seed: 12 })
    const file = join(folder, 'an image.png')
    writeFileSync(file, drawn)
    const image = await client.upload(file)
    expect(new URL(image).origin).toBe(wavespeed.origins.media)
    const { outputs } = await client.run(`${model}/image-to-video`, { prompt: 'slow push in', image }, patience)
    const bytes = await downloaded((outputs as unknown[])[0])
    expect((await inspectClip(bytes)).durationSeconds).toBeCloseTo(5, 3)
    expect(await likenessOf(await frameOf(bytes, 'first'), drawn)).toBeGreaterThan(0.8)
  })

  test.for([
    ['sandbox:moderated', 'Content flagged'],
    ['sandbox:failed', 'Task failed'],
    ['sandbox:timed-out', 'Task timed out'],
  ])('gets the error of a failed task, which the HTTP status does not show: %s', async ([prompt, words]) => {
    const run = clientOf(context.providers.wavespeed).run(`${model}/text-to-video`, { prompt }, patience)
    await expect(run).rejects.toThrow(words)
  })

  test('is refused with a wrong key', async () => {
    const { wavespeed } = context.providers
    const run = clientOf({ origins: wavespeed.origins, apiKey: 'wrong' }).run(`${model}/text-to-video`, { prompt: 'x' }, patience)
    await expect(run).rejects.toThrow('HTTP 401')
    expect(wavespeed.jobs.list()).toEqual([])
  })
})
