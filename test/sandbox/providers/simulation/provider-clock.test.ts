import { describe, expect, test } from 'vitest'
import { ClipRenderer } from '../../../../sandbox/clips/clip-renderer.ts'
import { ProviderClock } from '../../../../sandbox/providers/simulation/provider-clock.ts'
import { type StandIns, type StandInsOptions, startStandIns } from '../../../../sandbox/providers/stand-ins.ts'
import { submitToFal } from '../calls.ts'
import { withStandIns } from '../with-stand-ins.ts'

describe('the providers’ clock', () => {
  const { signal } = new AbortController()

  test('stops at speed 0 and can be advanced', async () => {
    const clock = new ProviderClock(0)
    const start = clock.now()
    const ended: number[] = []
    const sleeps = [30, 10, 20].map((seconds) => clock.sleep(seconds * 1000, signal).then(() => ended.push(seconds)))
    clock.advance(15_000)
    await sleeps[1]
    expect(ended).toEqual([10])
    clock.advance(15_000)
    await Promise.all(sleeps)
    expect(clock.now() - start).toBe(30_000)
    clock.close()
  })

  test('ends a sleep early when its speed is raised', async () => {
    const clock = new ProviderClock(0.001)
    const sleeping = clock.sleep(3_600_000, signal)
    clock.speed = 3_600_000
    await sleeping
    clock.close()
  })

  test('rejects an aborted sleep', async () => {
    const clock = new ProviderClock(0)
    const stopped = new AbortController()
    const sleeping = clock.sleep(1000, stopped.signal)
    stopped.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
    await expect(clock.sleep(1000, stopped.signal)).rejects.toThrow('enough')
    clock.close()
  })

  test('refuses a negative speed', () => {
    expect(() => new ProviderClock(-1)).toThrow(RangeError)
  })
})

describe('the run time of a job', () => {
  const context = withStandIns()

  test('is at least 128 virtual seconds for a clip of five', async () => {
    const { fal, clock } = context.providers
    const first = await submitToFal(fal)
    // Render the clip first, so that the second run waits only for the clock.
    await fal.jobs.reached('succeeded', first.request_id)
    clock.speed = 1000
    const job = await submitToFal(fal).then(({ request_id: id }) => fal.jobs.reached('succeeded', id))
    const seconds = ((job.finishedAt ?? 0) - (job.startedAt ?? 0)) / 1000
    expect(seconds).toBeGreaterThanOrEqual(128)
  })

  test('includes the rendering of its clip', async () => {
    const { fal, clock } = context.providers
    clock.speed = 1e9
    const { request_id: id } = await submitToFal(fal, { prompt: 'never rendered before' })
    expect((await fal.jobs.reached('finished', id)).clip?.length).toBeGreaterThan(1000)
  })
})

test('stopped stand-ins leave nothing running', async () => {
  const clips = new ClipRenderer({ height: 96 })
  const providers = await startStandIns({ clips, speed: 1 })
  await submitToFal(providers.fal)
  const waiting = expect(providers.fal.jobs.reached('succeeded')).rejects.toThrow()
  await providers.stop()
  await waiting
  await expect(fetch(providers.fal.origins.queue)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  await clips.close()
})

test('consecutive ports are used, and a taken one is an error', async () => {
  const clips = { render: () => Promise.reject(new Error('no clip is rendered here')) }
  const [first, port] = await startAnywhere(clips)
  const addresses = [0, 1, 2, 3, 4, 5].map((offset) => `http://127.0.0.1:${port + offset}`)
  expect([...Object.values(first.fal.origins), ...Object.values(first.replicate.origins)]).toEqual(addresses)
  await expect(startStandIns({ clips, speed: 1, port: port + 2 })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await first.stop()
})

/** Tries ports below the ephemeral range, of which some are always taken. */
async function startAnywhere(clips: StandInsOptions['clips']): Promise<[StandIns, number]> {
  for (let port = 20_000 + (process.pid % 1000) * 10; port < 32_000; port += 100) {
    try {
      return [await startStandIns({ clips, speed: 1, port }), port]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
  throw new Error('no consecutive ports are free')
}
