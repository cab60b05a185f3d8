import { describe, expect, it } from 'vitest'

import { evidence, heldAt, heldCase, price, problemsOf, unharmed } from './example-evidence.ts'
import type { BilledJob } from '../sandbox/billed-jobs.ts'
import type { Evidence } from './evidence.ts'
import { judge } from './verdict.ts'

describe('the verdict on a chaos run', () => {
  it('finds nothing where nothing is wrong', () => {
    const { verdict, problems } = judge(evidence())
    expect(verdict).toMatchObject({ requests: 1, posted: 1, refunded: 0, failed: 0, held: 0, ...unharmed })
    expect(problems).toEqual([])
  })

  it('counts what the member still waits for as lost, whatever the store says', () => {
    const { verdict } = judge(evidence({ request: { observation: 'in progress', clips: 0 } }))
    expect(verdict.lost).toBe(1)
  })

  it.each(['in progress', 'gone', 'not made'] as const)('reports a posted clip whose member sees “%s” last', (observation) => {
    expect(problemsOf(evidence({ request: { observation } }))).toContain('is posted, but the member sees')
  })

  it('accepts no refund without its ledger row', () => {
    const failure = { observation: 'not made', clips: 0 } as const
    const failed = { request: failure, generation: { state: 'failed' } }
    expect(judge(evidence({ ...failed, ledger: 'reserve', invoiced: 0 })).verdict).toMatchObject({ refunded: 0, lost: 1 })
    const settled = judge(evidence({ ...failed, ledger: 'reserve capture refund' }))
    expect(settled.verdict).toMatchObject({ refunded: 1, failed: 1, ...unharmed })
  })

  it.each(['reserve capture release', 'reserve refund', 'reserve release refund', 'reserve hold'])(
    'does not count “%s” as a refund',
    (ledger) => {
      const failure = { observation: 'not made', clips: 0 } as const
      expect(judge(evidence({ request: failure, generation: { state: 'failed' }, ledger, invoiced: 0 })).verdict.lost).toBe(1)
    },
  )

  it('counts a clip in two messages, and two jobs for one request', () => {
    const twice = evidence({ request: { clips: 2 } })
    const [job] = twice.billedJobs
    const { verdict } = judge({ ...twice, billedJobs: [...twice.billedJobs, ...(job ? [{ ...job, jobId: 'k' }] : [])] })
    expect(verdict).toMatchObject({ postedTwice: 1, billedTwice: 1, ledgerMinusInvoicesMicroUsd: price, capExceeded: 1 })
  })

  it.each([{ cards: 2 }, { notifications: 2 }])('reports what is announced a second time: %j', (twice) => {
    expect(problemsOf(evidence({ request: twice }))).toContain('clip-0.')
  })
})

describe('the verdict on the money', () => {
  it('does not let two opposite errors cancel out', () => {
    const { verdict, problems } = judge(evidence({ invoiced: 0 }, { invoiced: 2 * price }))
    expect(verdict.ledgerMinusInvoicesMicroUsd).toBe(2 * price)
    expect(problems).toHaveLength(2)
  })

  it('accepts a difference that was booked, and reports one that was not', () => {
    expect(problemsOf(evidence({ ledger: 'reserve capture difference', invoiced: price + 10_000 }))).toBe('')
    expect(problemsOf(evidence({ ledger: 'reserve capture', invoiced: price + 10_000 }))).toContain('was invoiced at')
  })

  it('reports a row whose amount is not the price', () => {
    const { contents, ...rest } = evidence()
    const ledger = contents.ledger.map((row) => (row.kind === 'reserve' ? { ...row, amount: 1 } : row))
    expect(problemsOf({ ...rest, contents: { ...contents, ledger } })).toContain('its reserve says 1')
  })

  it.each([
    { scope: 'installation', period: 'day' },
    { scope: 'installation', period: 'month' },
    { scope: 'guild', period: 'day' },
    { scope: 'guild', period: 'month' },
  ])('reports money in a wallet that no ledger row explains: %j', ({ scope, period }) => {
    const { contents, ...rest } = evidence()
    for (const change of ['spent', 'reserved'] as const) {
      const wallets = contents.wallets.map((wallet) =>
        wallet.scope === scope && wallet.period === period ? { ...wallet, [change]: wallet[change] + 1 } : wallet,
      )
      expect(problemsOf({ ...rest, contents: { ...contents, wallets } })).toContain('reserved')
    }
  })

  it('reports a job that belongs to no request', () => {
    const { billedJobs, ...rest } = evidence()
    const [job] = billedJobs
    expect(
      problemsOf({ ...rest, billedJobs: [...billedJobs, ...(job ? [{ ...job, prompt: 'clip-7. a boat', createdAt: 90 }] : [])] }),
    ).toContain('belongs to no request')
  })
})

describe('the verdict on the caps', () => {
  /** Two jobs at a provider with a cap of one; the first was held at 5. */
  function two(times: readonly Pick<BilledJob, 'createdAt' | 'finishedAt'>[]): Evidence {
    const both = evidence(heldCase, {})
    return { ...both, billedJobs: both.billedJobs.map((job, index) => ({ ...job, ...times[index] })) }
  }

  it('does not count a job from the moment it was held', () => {
    const verdictOf = (createdAt: number) =>
      judge(
        two([
          { createdAt: 0, finishedAt: 10 },
          { createdAt, finishedAt: 10 },
        ]),
      ).verdict
    expect(verdictOf(heldAt + 1).capExceeded).toBe(0)
    expect(verdictOf(heldAt - 1).capExceeded).toBe(1)
  })
})
