import { expect, test } from 'vitest'

import { ExpiringMap } from '../../src/lib/expiring-map.ts'
import { createManualClock } from '../support/clocks/manual-clock.ts'

test('an entry is gone when its time is over, whether or not others are', async () => {
  const clock = createManualClock(1_000_000)
  const map = new ExpiringMap<string, number>(1000, clock)
  map.set('first', 1)
  await clock.advance(600)
  map.set('second', 2)
  await clock.advance(399)
  expect([map.get('first'), map.get('second')]).toEqual([1, 2])
  await clock.advance(1)
  map.set('third', 3)
  expect([map.get('first'), map.get('second'), map.get('third')]).toEqual([undefined, 2, 3])
  await clock.advance(600)
  expect([map.get('second'), map.get('third')]).toEqual([undefined, 3])
  map.delete('third')
  expect(map.get('third')).toBeUndefined()
})

test('what expired is not kept for ever', async () => {
  const clock = createManualClock(1_000_000)
  const map = new ExpiringMap<number, number>(1000, clock)
  for (let index = 0; index < 100; index += 1) {
    map.set(index, index)
    await clock.advance(100)
  }
  expect(map.size).toBeLessThanOrEqual(20)
})
