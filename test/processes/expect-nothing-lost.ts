import { expect } from 'vitest'
import { z } from 'zod'

import { serverUrl } from '../support/store/templates.ts'
import { temporaryFolder } from '../support/store/database.ts'
import { startProcess } from '../support/bot/process.ts'

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

/** A bot that is killed again and again loses nothing and pays nothing twice. */
export async function expectNothingLost(words: readonly string[]): Promise<void> {
  const environment = { CHAOS_POSTGRES_URL: serverUrl }
  const { ended } = startProcess('test/chaos/run.ts', ['--rounds', '3', ...words], { folder: temporaryFolder(), environment })
  const { code, output } = await ended
  const [line = ''] = /^\{"requests".*$/m.exec(output) ?? []
  expect(line, output).not.toBe('')
  // The output says which request was lost, and how.
  const { data: verdict, error } = Verdict.safeParse(JSON.parse(line))
  if (!verdict) throw new Error(output, { cause: error })
  expect(verdict.posted, output).toBeGreaterThan(0)
  expect(verdict.posted + verdict.refunded + verdict.held).toBe(verdict.requests)
  expect(code, output).toBe(0)
}
