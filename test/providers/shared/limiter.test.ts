import { expect, test } from 'vitest'

import { closeLimiter, createLimiter, withLimiter } from '../../../src/providers/shared/limiter.ts'

const { signal } = new AbortController()

/** Sends so many calls, and returns the milliseconds until the last one began. */
async function timeOf(calls: number): Promise<number> {
  const limiter = createLimiter()
  const begun = performance.now()
  await Promise.all(Array.from({ length: calls }, () => withLimiter(limiter, signal, () => Promise.resolve())))
  const milliseconds = performance.now() - begun
  await closeLimiter(limiter)
  return milliseconds
}

test('twenty calls do not wait for each other', async () => {
  const times: number[] = []
  // The best of several, because the machine may be busy. With 25 ms between two calls none could be as short.
  for (let attempt = 0; attempt < 10; attempt += 1) times.push(await timeOf(20))
  expect(Math.min(...times)).toBeLessThan(19 * 25)
})

test('forty are sent in a second', async () => {
  // 20 at once, and 20 every half second. The limiter was created a moment earlier.
  expect(await timeOf(100)).toBeGreaterThan(4 * 500 - 100)
})

test('closing it rejects what waits', async () => {
  const limiter = createLimiter()
  const over = Promise.withResolvers<string>()
  const calls = Array.from({ length: 33 }, () => withLimiter(limiter, signal, () => over.promise))
  const settled = Promise.allSettled(calls)
  const closed = closeLimiter(limiter)
  over.resolve('sent')
  await closed
  const reason: unknown = expect.objectContaining({ message: 'This limiter has been stopped.' })
  expect((await settled).at(-1)).toEqual({ status: 'rejected', reason })
})
