import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm, watch } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { ClipOrder } from '../../../sandbox/clips/clip-order.ts'
import { ClipRenderer } from '../../../sandbox/clips/clip-renderer.ts'
import { clipSizeOf, nearestAspectRatio } from '../../../sandbox/clips/clip-size.ts'
import { frameOf, inspectClip } from '../../../sandbox/clips/inspect-clip.ts'
import { likenessOf } from '../likeness.ts'
import { testImage } from '../../support/media/test-image.ts'

const renderer = new ClipRenderer({ height: 180 })
afterAll(() => renderer.close())

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

describe('a rendered clip', () => {
  test.for([5, 10] as const)('of %i s has exactly that length, in H.264 and yuv420p, with fast start', async (durationSeconds) => {
    const clip = await inspectClip(await renderer.render({ prompt: 'a fox in the snow', durationSeconds }))
    expect(clip).toMatchObject({ codec: 'h264', pixelFormat: 'yuv420p', width: 320, height: 180, fastStart: true })
    expect(clip.durationSeconds).toBeCloseTo(durationSeconds, 3)
    expect(clip.frames).toBe(24 * durationSeconds)
  })

  test('starts with the given image and moves away from it', async () => {
    const image = await testImage({ seed: 1 })
    const clip = await renderer.render({ prompt: 'slow push in', durationSeconds: 5, firstImage: image })
    const first = await frameOf(clip, 'first')
    expect(await likenessOf(first, image)).toBeGreaterThan(0.9)
    expect(await likenessOf(first, await testImage({ seed: 2 }))).toBeLessThan(0.5)
    expect(await likenessOf(await frameOf(clip, 'last'), image)).toBeLessThan(0.7)
  })

  test('ends on the given last image', async () => {
    const [firstImage, lastImage] = await Promise.all([testImage({ seed: 3 }), testImage({ seed: 4, type: 'jpeg' })])
    const clip = await renderer.render({ prompt: 'from here to there', durationSeconds: 5, firstImage, lastImage })
    expect(await likenessOf(await frameOf(clip, 'first'), firstImage)).toBeGreaterThan(0.9)
    const last = await frameOf(clip, 'last')
    expect(await likenessOf(last, lastImage)).toBeGreaterThan(0.9)
    expect(await likenessOf(last, firstImage)).toBeLessThan(0.5)
  })

  test('accepts any prompt, however long', async () => {
    const prompt = `<b>&amp;\u0000\ud83d${'@everyone 🦊 ** \n'.repeat(200)}`.slice(0, 2500)
    expect((await inspectClip(await renderer.render({ prompt, durationSeconds: 5 }))).frames).toBe(120)
  })

  test('has the same bytes for the same order, even when rendered again', async () => {
    const order: ClipOrder = { prompt: 'the same again', durationSeconds: 5, firstImage: await testImage({ seed: 5 }) }
    const another = new ClipRenderer({ height: 180 })
    expect(sha256(await another.render(order))).toBe(sha256(await renderer.render({ ...order })))
    await another.close()
  })

  test('is rendered once for all renderers that share a folder', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'rushes-test-'))
    onTestFinished(() => rm(folder, { recursive: true }))
    const order: ClipOrder = { prompt: 'kept in a folder', durationSeconds: 5 }
    const first = new ClipRenderer({ height: 180, folder })
    const clip = await first.render(order)
    // It has no time to render anything itself.
    const second = new ClipRenderer({ height: 180, folder, timeoutMs: 1 })
    expect(sha256(await second.render(order))).toBe(sha256(clip))
    await expect(second.render({ ...order, prompt: 'another' })).rejects.toThrow('longer than 1 ms')
    const larger = new ClipRenderer({ height: 200, folder, timeoutMs: 1 })
    await expect(larger.render(order)).rejects.toThrow('longer than 1 ms')
    await Promise.all([first, second, larger].map((each) => each.close()))
  })

  test('has different bytes if any field of the order differs', async () => {
    const order: ClipOrder = { prompt: 'p'.repeat(400), durationSeconds: 5, firstImage: await testImage({ seed: 6 }) }
    const others: ClipOrder[] = [
      { ...order, prompt: `${'p'.repeat(399)}q` },
      { ...order, negativePrompt: 'blur' },
      { ...order, guidance: 0.7 },
      { ...order, firstImage: await testImage({ seed: 7 }) },
    ]
    const clips = await Promise.all([order, ...others].map((each) => renderer.render(each)))
    expect(new Set(clips.map(sha256)).size).toBe(clips.length)
  })

  test('has the ordered aspect ratio, or that of the image', async () => {
    const sizeOf = async (order: Omit<ClipOrder, 'prompt' | 'durationSeconds'>) => {
      const { width, height } = await inspectClip(await renderer.render({ prompt: 'shape', durationSeconds: 5, ...order }))
      return [width, height]
    }
    expect(await sizeOf({ aspectRatio: '9:16' })).toEqual([180, 320])
    expect(await sizeOf({ aspectRatio: '1:1' })).toEqual([180, 180])
    expect(await sizeOf({ firstImage: await testImage({ width: 300, height: 600 }) })).toEqual([180, 320])
  })

  test('fails if the image cannot be decoded, and leaves no files behind', async () => {
    await inOwnFolder(async (folder) => {
      await expect(renderer.render({ prompt: 'x', durationSeconds: 5, firstImage: Buffer.from('no image') })).rejects.toThrow()
      await expect(inspectClip(Buffer.from('no clip at all'))).rejects.toThrow('media process')
      await renderer.render({ prompt: 'a clip of which no file is left', durationSeconds: 5 })
      expect(await readdir(folder)).toEqual([])
    })
  })
})

test('full-size clips are 720p, and an image gets the nearest aspect ratio', () => {
  expect(clipSizeOf('16:9')).toEqual({ width: 1280, height: 720 })
  expect(clipSizeOf('9:16')).toEqual({ width: 720, height: 1280 })
  expect(clipSizeOf('1:1')).toEqual({ width: 720, height: 720 })
  expect(nearestAspectRatio({ width: 1000, height: 400 })).toBe('16:9')
  expect(nearestAspectRatio({ width: 1200, height: 900 })).toBe('16:9')
  expect(nearestAspectRatio({ width: 1100, height: 1000 })).toBe('1:1')
  expect(nearestAspectRatio({ width: 400, height: 1000 })).toBe('9:16')
})

test('two clips are rendered at once', async () => {
  await inOwnFolder(async (folder) => {
    const events = watch(folder)
    const renders = ['first', 'second', 'third'].map((prompt) => renderer.render({ prompt, durationSeconds: 5 }))
    // Each render has a folder of its own: the first event of a name is its creation, the second its removal.
    const running = new Set<string | null>()
    let [most, ended] = [0, 0]
    for await (const { filename } of events) {
      if (running.delete(filename)) ended += 1
      else running.add(filename)
      most = Math.max(most, running.size)
      if (ended === renders.length) break
    }
    expect(most).toBe(2)
    await Promise.all(renders)
  })
})

test('a closed renderer aborts its work, also that in the queue, and accepts no more', async () => {
  await inOwnFolder(async (folder) => {
    const closing = new ClipRenderer({ height: 180 })
    const events = watch(folder)
    const begun = events.next()
    const renders = ['first', 'second', 'queued'].map((prompt) => closing.render({ prompt, durationSeconds: 10 }))
    const refused = Promise.all(renders.map((render) => expect(render).rejects.toThrow('closed')))
    await begun
    await events.return?.()
    await closing.close()
    expect(await readdir(folder)).toEqual([])
    await refused
    await expect(closing.render({ prompt: 'too late', durationSeconds: 5 })).rejects.toThrow('closed')
    await closing.close()
  })
})

test('a clip that takes too long fails', async () => {
  const impatient = new ClipRenderer({ height: 720, timeoutMs: 50 })
  await expect(impatient.render({ prompt: 'long', durationSeconds: 10 })).rejects.toThrow('longer than 50 ms')
  await impatient.close()
})

/** What is rendered meanwhile has its files in this folder, which is empty at the start. */
async function inOwnFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'rushes-test-'))
  vi.stubEnv('TMPDIR', folder)
  try {
    await work(folder)
  } finally {
    vi.unstubAllEnvs()
    await rm(folder, { recursive: true })
  }
}
