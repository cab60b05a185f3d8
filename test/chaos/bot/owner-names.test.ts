import { expect, it } from 'vitest'

import { Bot } from './bot.ts'
import { OwnerNames } from './owner-names.ts'

const settings = {
  environment: {},
  origins: {},
  typicalRunMs: { 5: 0, 10: 0 },
  leaseTimes: { heartbeatMs: 0, expiryMs: 0 },
  outageSpeed: 1,
}
const bot = (name: string) => new Bot(name, { project: '', settings, folder: '' })

it('a worker that continued under a new name keeps both names, and the next one to start gets neither', () => {
  const [first, second] = [bot('worker-1'), bot('worker-2')]
  const names = new OwnerNames()
  expect(names.learn(first, ['a'])).toBe(true)
  expect(names.learn(second, ['a', 'b'])).toBe(true)

  // The first one stalled and was taken for dead.
  names.see(['b'])
  expect(names.learn(first, ['b'])).toBe(false)
  expect(names.learn(first, ['b', 'c'])).toBe(true)
  expect([...names.of(first)]).toEqual(['a', 'c'])

  names.see(['b', 'c'])
  expect(names.learn(second, ['c', 'd'])).toBe(true)
  expect([...names.of(second)]).toEqual(['b', 'd'])
})

it('a name that was there before a bot resumed belongs to another bot', () => {
  const names = new OwnerNames()
  names.see(['a', 'b'])
  const own = bot('worker-1')
  expect(names.learn(own, ['a', 'b'])).toBe(false)
  expect([...names.of(own)]).toEqual([])
})
