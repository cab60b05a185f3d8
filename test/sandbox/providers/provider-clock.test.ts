import { describe, expect, test } from 'vitest'
import { ClipRenderer } from '../../../sandbox/clips/clip-renderer.ts'
import { HostClock } from '../../../sandbox/providers/provider-clock.ts'
import { type Hosts, type HostsOptions, startHosts } from '../../../sandbox/providers/stand-ins.ts'
import { submitToFal } from './calls.ts'
import { withHosts } from './with-stand-ins.ts'

describe('the hosts’ clock', () => {
  const { signal } = new AbortController()

  test('stands still at speed 0, and is moved by hand', async () => {
    const clock = new HostClock(0)
    const start = clock.now()
    const woken: number[] = []
    const sleeps = [30, 10, 20].map((seconds) => clock.sleep(seconds * 1000, signal).then(() => woken.push(seconds)))
    clock.advance(15_000)
    await sleeps[1]
    expect(woken).toEqual([10])
    clock.advance(15_000)
    await Promise.all(sleeps)
    expect(clock.now() - start).toBe(30_000)
    clock.close()
  })

  test('wakes whoever sleeps when it is made faster', async () => {
    const clock = new HostClock(0.001)
    const sleeping = clock.sleep(3_600_000, signal)
    clock.speed = 3_600_000
    await sleeping
    clock.close()
  })

  test('wakes nobody who was told to stop', async () => {
    const clock = new HostClock(0)
    const stopped = new AbortController()
    const sleeping = clock.sleep(1000, stopped.signal)
    stopped.abort(new Error('enough'))
    await expect(sleeping).rejects.toThrow('enough')
    await expect(clock.sleep(1000, stopped.signal)).rejects.toThrow('enough')
    clock.close()
  })

  test('knows no speed below 0', () => {
    expect(() => new HostClock(-1)).toThrow(RangeError)
  })
})

describe('the run time of a job', () => {
  const context = withHosts()

  test('is about 160 virtual seconds, spread, and the same again for the same seed', async () => {
    const { fal, clock } = context.hosts
    const first = await submitToFal(fal)
    // The clip is rendered once; after that nothing but the clock is waited for.
    await fal.jobs.reached('succeeded', first.request_id)
    clock.speed = 1000
    const job = await submitToFal(fal).then(({ request_id: id }) => fal.jobs.reached('succeeded', id))
    const seconds = ((job.finishedAt ?? 0) - (job.startedAt ?? 0)) / 1000
    expect(seconds).toBeGreaterThanOrEqual(128)
  })

  test('does not end it before its clip is rendered', async () => {
    const { fal, clock } = context.hosts
    clock.speed = 1e9
    const { request_id: id } = await submitToFal(fal, { prompt: 'never rendered before' })
    expect((await fal.jobs.reached('finished', id)).clip?.length).toBeGreaterThan(1000)
  })
})

test('hosts that are stopped leave nothing running', async () => {
  const clips = new ClipRenderer({ height: 96 })
  const hosts = await startHosts({ clips, speed: 1 })
  await submitToFal(hosts.fal)
  const waiting = expect(hosts.fal.jobs.reached('succeeded')).rejects.toThrow()
  await hosts.stop()
  await waiting
  await expect(fetch(hosts.fal.origins.queue)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  await clips.close()
})

test('named ports are taken in a row, and a taken one is told', async () => {
  const clips = { render: () => Promise.reject(new Error('no clip is made here')) }
  const [first, port] = await startAnywhere(clips)
  const addresses = [0, 1, 2, 3, 4].map((offset) => `http://127.0.0.1:${port + offset}`)
  expect([...Object.values(first.fal.origins), ...Object.values(first.replicate.origins)]).toEqual(addresses)
  await expect(startHosts({ clips, speed: 1, port: port + 2 })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  await first.stop()
})

/** Five ports in a row that are free, below those that the machine gives away by itself. */
async function startAnywhere(clips: HostsOptions['clips']): Promise<[Hosts, number]> {
  for (let port = 20_000 + (process.pid % 1000) * 10; port < 32_000; port += 100) {
    try {
      return [await startHosts({ clips, speed: 1, port }), port]
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    }
  }
  throw new Error('no five ports in a row are free')
}
