import { expect, test } from 'vitest'

import { createKeyedLimit } from '../../src/lib/concurrency/keyed-limit.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

function setUp() {
  const limit = createKeyedLimit(2)
  const begun: string[] = []
  const open = new Map<string, PromiseWithResolvers<string>>()
  const waiters = new Map<string, object>()
  const run = (name: string, { urgent = false, kind = 'fal' } = {}) => {
    const waiter = { name }
    waiters.set(name, waiter)
    return limit.run(kind, { waiter, urgent }, () => {
      begun.push(name)
      const work = Promise.withResolvers<string>()
      open.set(name, work)
      return work.promise
    })
  }
  const end = async (name: string) => {
    open.get(name)?.resolve(name)
    await turn()
  }
  const prioritize = (name: string) => limit.prioritize('fal', waiters.get(name) ?? {})
  const release = (name: string) => limit.release('fal', waiters.get(name) ?? {})
  return { begun, run, end, prioritize, release, fail: (name: string) => open.get(name)?.reject(new Error(name)) }
}

test('only so much is under way at once, the rest in order; another kind has places of its own', async () => {
  const { begun, run, end } = setUp()
  const all = ['a', 'b', 'c', 'd'].map((name) => run(name))
  void run('other', { kind: 'replicate' })
  expect(begun).toEqual(['a', 'b', 'other'])
  await end('b')
  expect(begun).toEqual(['a', 'b', 'other', 'c'])
  for (const name of ['a', 'c', 'd']) await end(name)
  expect(await Promise.all(all)).toEqual(['a', 'b', 'c', 'd'])
  const again = run('again')
  expect(begun.at(-1)).toBe('again')
  await end('again')
  expect(await again).toBe('again')
})

test('what is urgent, or becomes so, is next', async () => {
  const { begun, run, end, prioritize } = setUp()
  for (const name of ['a', 'b', 'c', 'd', 'e']) void run(name)
  void run('urgent', { urgent: true })
  prioritize('e')
  prioritize('a')
  for (const name of ['a', 'b', 'urgent', 'e']) await end(name)
  expect(begun).toEqual(['a', 'b', 'urgent', 'e', 'c', 'd'])
})

test('work that fails gives its place to the next', async () => {
  const { begun, run, fail } = setUp()
  const failed = expect(run('a')).rejects.toThrow('a')
  for (const name of ['b', 'c']) void run(name)
  fail('a')
  await failed
  expect(begun).toEqual(['a', 'b', 'c'])
})

test('one that is released begins at once, and takes nobody’s place', async () => {
  const { begun, run, end, release } = setUp()
  for (const name of ['a', 'b', 'c', 'd']) void run(name)
  release('d')
  release('a')
  await turn()
  expect(begun).toEqual(['a', 'b', 'd'])
  await end('d')
  expect(begun).toEqual(['a', 'b', 'd'])
  await end('a')
  expect(begun).toEqual(['a', 'b', 'd', 'c'])
})
