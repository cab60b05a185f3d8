import { afterAll, describe, expect, test } from 'vitest'

import { withStandIns } from '../with-stand-ins.ts'
import { falVendor } from './fal.ts'
import { replicateVendor } from './replicate.ts'
import { runwareVendor } from './runware.ts'
import { wavespeedVendor } from './wavespeed.ts'

/** Every call of the vendors' published clients that touches this model, against the stand-ins. */
const context = withStandIns()

describe.for([falVendor, replicateVendor, wavespeedVendor, runwareVendor])(
  'the client of $name',
  ({ name, documented, tried, leftOut }) => {
    let passed = 0
    afterAll(() => void process.stdout.write(`${name}: ${Object.keys(tried).length} calls tried, ${passed} passed\n`))

    test('has no call that is neither tried nor left out', () => {
      const known = new Set([...Object.keys(tried).map((call) => call.split(' (')[0]), ...Object.keys(leftOut)])
      expect([...known].sort()).toEqual([...documented].sort())
    })

    test.for(Object.entries(tried))('%s', async ([, call]) => {
      await call(context.providers)
      passed += 1
    })
  },
)
