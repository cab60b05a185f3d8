import { expect, it } from 'vitest'
import { z } from 'zod'

import { temporaryFolder } from '../support/database.ts'
import { startProcess } from '../support/process.ts'

const count = z.number().int().nonnegative()
const Verdict = z.strictObject({
  requests: count,
  posted: count,
  refunded: count,
  failed: count,
  held: count,
  lost: z.literal(0),
  postedTwice: z.literal(0),
  billedTwice: z.literal(0),
  ledgerMinusInvoicesMicroUsd: z.literal(0),
  capExceeded: z.literal(0),
  kills: z.literal(3),
  resumeMsP50: count,
  resumeMsMax: count,
})

it('a bot that is killed again and again loses nothing and pays nothing twice', async () => {
  const { ended } = startProcess('sandbox/chaos/run.ts', ['--rounds', '3'], { folder: temporaryFolder() })
  const { code, output } = await ended
  const [line = ''] = /^\{"requests".*$/m.exec(output) ?? []
  expect(line, output).not.toBe('')
  const verdict = Verdict.parse(JSON.parse(line))
  expect(verdict.posted, output).toBeGreaterThan(0)
  expect(verdict.posted + verdict.refunded + verdict.held).toBe(verdict.requests)
  expect(code, output).toBe(0)
}, 180_000)
