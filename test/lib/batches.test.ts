import { describe, expect, it } from 'vitest'

import { type BatchOptions, createBatches } from '../../src/lib/concurrency/batches.ts'

/** Doubles numbers; how many at a time is recorded. */
function createDoubler(options: Partial<BatchOptions<number, number>> = {}) {
  const batches: (readonly number[])[] = []
  const double = createBatches<number, number>({
    most: 3,
    work: (items) => {
      batches.push(items)
      return Promise.resolve(items.map((item) => () => 2 * item))
    },
    ...options,
  })
  return { batches, double }
}

const messageOf = (settled: PromiseSettledResult<number>) =>
  settled.status === 'fulfilled' ? settled.value : (settled.reason as Error).message

describe('batches', () => {
  it('hold what is added at the same time, in its order, and no more than allowed', async () => {
    const { batches, double } = createDoubler()
    expect(await Promise.all([1, 2, 3, 4, 5].map(double))).toEqual([2, 4, 6, 8, 10])
    expect(batches).toEqual([
      [1, 2, 3],
      [4, 5],
    ])
  })

  it('run one at a time; what is added meanwhile is the next one', async () => {
    const begun: (() => void)[] = []
    const sizes: number[] = []
    const double = createBatches<number, number>({
      most: 10,
      work: async (items) => {
        sizes.push(items.length)
        await new Promise<void>((resolve) => begun.push(resolve))
        return items.map((item) => () => 2 * item)
      },
    })
    const first = double(1)
    await expect.poll(() => sizes).toEqual([1])
    const others = Promise.all([2, 3, 4].map(double))
    await new Promise((resolve) => setImmediate(resolve))
    expect(sizes).toEqual([1])
    begun.shift()?.()
    expect(await first).toBe(2)
    await expect.poll(() => sizes).toEqual([1, 3])
    begun.shift()?.()
    expect(await others).toEqual([4, 6, 8])
    const last = double(5)
    await expect.poll(() => begun.length).toBe(1)
    begun.shift()?.()
    expect([await last, sizes]).toEqual([10, [1, 3, 1]])
  })

  it('are tried one by one only until an error is that of all', async () => {
    const { batches, double } = createDoubler({
      mayBeOfOne: (error) => error instanceof RangeError,
      work: (items) => {
        batches.push(items)
        return Promise.reject(items.length > 1 ? new RangeError('of one') : new Error(`down ${items[0]}`))
      },
    })
    const settled = await Promise.allSettled([1, 2, 3].map(double))
    expect(settled.map(messageOf)).toEqual(['down 1', 'down 1', 'down 1'])
    expect(batches).toEqual([[1, 2, 3], [1]])
  })

  it('give each item its own error', async () => {
    const { double } = createDoubler({
      work: (items) =>
        Promise.resolve(
          items.map((item) => () => {
            if (item === 2) throw new Error('not two')
            return item
          }),
        ),
    })
    expect((await Promise.allSettled([1, 2, 3].map(double))).map(messageOf)).toEqual([1, 'not two', 3])
  })

  it('that fail are an error of every item, unless it may be that of one: then each is tried alone', async () => {
    const batches: number[] = []
    const failing = (mayBeOfOne: boolean) =>
      createBatches<number, number>({
        most: 3,
        mayBeOfOne: () => mayBeOfOne,
        work: (items) => {
          batches.push(items.length)
          return items.includes(2) ? Promise.reject(new Error('not two')) : Promise.resolve(items.map((item) => () => item))
        },
      })
    expect((await Promise.allSettled([1, 2, 3].map(failing(false)))).map(messageOf)).toEqual(['not two', 'not two', 'not two'])
    expect(batches.splice(0)).toEqual([3])
    expect((await Promise.allSettled([1, 2, 3].map(failing(true)))).map(messageOf)).toEqual([1, 'not two', 3])
    expect(batches.splice(0)).toEqual([3, 1, 1, 1])
    // A single item is not tried twice.
    expect((await Promise.allSettled([2].map(failing(true)))).map(messageOf)).toEqual(['not two'])
    expect(batches).toEqual([1])
  })

  it('go on after one that failed', async () => {
    let fails = true
    const { double } = createDoubler({
      work: (items) => {
        if (!fails) return Promise.resolve(items.map((item) => () => item))
        fails = false
        return Promise.reject(new Error('once'))
      },
    })
    expect((await Promise.allSettled([1, 2, 3, 4].map(double))).map(messageOf)).toEqual(['once', 'once', 'once', 4])
    expect(await double(5)).toBe(5)
  })
})
