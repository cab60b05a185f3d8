import { expect, it } from 'vitest'

import { Bot } from '../chaos/bot.ts'
import { OwnerNames } from '../chaos/owner-names.ts'

const settings = { environment: {}, origins: {}, typicalRunMs: { 5: 0, 10: 0 }, leaseTimes: { heartbeatMs: 0, expiryMs: 0 } }
const bot = (name: string) => new Bot(name, { project: '', settings, folder: '' })

it('a worker that went on under a new name keeps both, and the next one that is started gets neither', () => {
  const [first, second] = [bot('worker-1'), bot('worker-2')]
  const names = new OwnerNames()
  expect(names.learn(first, ['a'])).toBe(true)
  expect(names.learn(second, ['a', 'b'])).toBe(true)

  // The first one stood still and was struck out.
  names.see(['b'])
  expect(names.learn(first, ['b'])).toBe(false)
  expect(names.learn(first, ['b', 'c'])).toBe(true)
  expect([...names.of(first)]).toEqual(['a', 'c'])

  names.see(['b', 'c'])
  expect(names.learn(second, ['c', 'd'])).toBe(true)
  expect([...names.of(second)]).toEqual(['b', 'd'])
})

it('what is new before a bot goes on is some other one’s', () => {
  const names = new OwnerNames()
  names.see(['a', 'b'])
  const own = bot('worker-1')
  expect(names.learn(own, ['a', 'b'])).toBe(false)
  expect([...names.of(own)]).toEqual([])
})
