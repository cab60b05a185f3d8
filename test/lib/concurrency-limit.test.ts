import { expect, test } from 'vitest'

import { createConcurrencyLimit } from '../../src/lib/concurrency/concurrency-limit.ts'

/** Work that ends when it is told to, and a record of what has begun. */
function createWork() {
  const begun: string[] = []
  const ends = new Map<string, PromiseWithResolvers<string>>()
  const work = (name: string) => () => {
    begun.push(name)
    const end = Promise.withResolvers<string>()
    ends.set(name, end)
    return end.promise
  }
  return {
    begun,
    work,
    end: (name: string) => ends.get(name)?.resolve(name),
    fail: (name: string) => ends.get(name)?.reject(new Error(name)),
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('work runs in the order of the calls, never more than allowed at once', async () => {
  const { begun, work, end, fail } = createWork()
  const run = createConcurrencyLimit({ most: 2 })
  const results = ['a', 'b', 'c', 'd'].map((name) => run(work(name)))
  const settled = Promise.allSettled(results)
  await turn()
  expect(begun).toEqual(['a', 'b'])
  end('b')
  await turn()
  expect(begun).toEqual(['a', 'b', 'c'])
  fail('a')
  await turn()
  expect(begun).toEqual(['a', 'b', 'c', 'd'])
  end('c')
  end('d')
  expect((await settled).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled'])
  // Every place is free again.
  const later = ['e', 'f', 'g'].map((name) => run(work(name)))
  await turn()
  expect(begun.slice(4)).toEqual(['e', 'f'])
  for (const name of ['e', 'f']) end(name)
  await turn()
  end('g')
  expect(await Promise.all(later)).toEqual(['e', 'f', 'g'])
})

test('an abort rejects what has not begun, and what begun ends as it does', async () => {
  const { begun, work, end } = createWork()
  const interrupted = new AbortController()
  const run = createConcurrencyLimit({ most: 1, signal: interrupted.signal })
  const results = Promise.allSettled([run(work('a')), run(work('b')), run(work('c'))])
  await turn()
  const reason = new Error('stopping')
  interrupted.abort(reason)
  const late = expect(run(work('d'))).rejects.toBe(reason)
  end('a')
  await late
  expect(await results).toEqual([
    { status: 'fulfilled', value: 'a' },
    { status: 'rejected', reason },
    { status: 'rejected', reason },
  ])
  expect(begun).toEqual(['a'])
})
