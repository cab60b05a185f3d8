import { expect, it } from 'vitest'

import { wallTimesOf } from './billed-jobs.ts'

it('times of the providers’ clock are converted to real time, whatever its speed', () => {
  const wallTimeOf = wallTimesOf({ speed: 60, now: () => 3_600_000 }, () => 5000)
  expect([3_600_000, 3_660_000, 3_540_000].map(wallTimeOf)).toEqual([5000, 6000, 4000])
})
