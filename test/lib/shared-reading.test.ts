import { describe, expect, it } from 'vitest'

import { createSharedReading } from '../../src/lib/concurrency/shared-reading.ts'

/** Readings that the test ends; each is the number of its beginning. */
function setUp({ freshMs = 0 }: { freshMs?: number } = {}) {
  const begun: PromiseWithResolvers<number>[] = []
  const read = createSharedReading(
    () => {
      const reading = Promise.withResolvers<number>()
      begun.push(reading)
      return reading.promise
    },
    () => freshMs,
  )
  const end = (index: number) => begun[index]?.resolve(index)
  return { begun, read, end }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 5))

describe('a shared reading', () => {
  it('is begun anew for those who came while one was under way, and they share it', async () => {
    const { begun, read, end } = setUp()
    const first = read()
    await turn()
    const others = [read(), read(), read()]
    expect(begun).toHaveLength(1)
    end(0)
    expect(await first).toBe(0)
    await turn()
    expect(begun).toHaveLength(2)
    end(1)
    expect(await Promise.all(others)).toEqual([1, 1, 1])
    expect(begun).toHaveLength(2)
  })

  it('is used as long as it is fresh', async () => {
    const { begun, read, end } = setUp({ freshMs: 60_000 })
    const both = [read(), read()]
    end(0)
    expect(await Promise.all([...both, read()])).toEqual([0, 0, 0])
    expect(begun).toHaveLength(1)
  })

  it('is old at once where nothing keeps it fresh', async () => {
    const { read, end } = setUp()
    const first = read()
    end(0)
    await first
    await turn()
    const second = read()
    await turn()
    end(1)
    expect(await second).toBe(1)
  })

  it('that fails is not kept', async () => {
    const { begun, read, end } = setUp({ freshMs: 60_000 })
    const failed = read()
    begun[0]?.reject(new Error('the store is away'))
    await expect(failed).rejects.toThrow('the store is away')
    const next = read()
    end(1)
    expect(await next).toBe(1)
  })
})
