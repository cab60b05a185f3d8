import { describe, expect, it } from 'vitest'

import { type EndedRequest, type Evidence, judge } from '../../sandbox/chaos/verdict.ts'

const price = 350_000

/** One request that went well. */
function evidence(
  change: { request?: Partial<EndedRequest>; generation?: Partial<Evidence['contents']['generations'][number]> } = {},
): Evidence {
  const request: EndedRequest = {
    mark: 'clip-1.',
    prompt: 'clip-1. a boat',
    duration: 5,
    terminal: false,
    deed: undefined,
    interactionId: '1',
    sight: 'clip',
    clips: 1,
    ...change.request,
  }
  return {
    requests: [request],
    contents: {
      generations: [
        { id: 'g', state: 'done', interactionId: '1', owner: 'o', provider: 'fal', price, ledger: 'reserve capture', ...change.generation },
      ],
      attempts: [],
      wallets: ['installation', 'guild'].map((scope) => ({ scope, spent: price, reserved: 0 })),
      owners: [],
    },
    orders: [{ host: 'fal', jobId: 'j', prompt: request.prompt, createdAt: 0, finishedAt: 10, amountMicroUsd: price }],
    caps: { fal: 1 },
    unknowable: 0,
  }
}

const unharmed = { lost: 0, postedTwice: 0, billedTwice: 0, ledgerMinusInvoicesMicroUsd: 0, capExceeded: 0 }

describe('the judgement of a chaos run', () => {
  it('finds nothing where nothing is wrong', () => {
    const { verdict, problems } = judge(evidence())
    expect(verdict).toMatchObject({ requests: 1, posted: 1, refunded: 0, failed: 0, held: 0, ...unharmed })
    expect(problems).toEqual([])
  })

  it('takes what the member still waits for as lost, whatever the store says', () => {
    const { verdict } = judge(evidence({ request: { sight: 'at work', clips: 0 } }))
    expect(verdict.lost).toBe(1)
  })

  it('does not take a word for a refund that no ledger row bears out', () => {
    const told = { sight: 'not made', clips: 0 } as const
    expect(judge(evidence({ request: told, generation: { state: 'failed', ledger: 'reserve' } })).verdict).toMatchObject({
      refunded: 0,
      lost: 1,
    })
    const settled = judge(evidence({ request: told, generation: { state: 'failed', ledger: 'reserve capture refund' } }))
    expect(settled.verdict).toMatchObject({ refunded: 1, failed: 1, lost: 0 })
  })

  it('counts a clip in two messages, and two jobs for one request', () => {
    const twice = evidence({ request: { clips: 2 } })
    const [order] = twice.orders
    const { verdict } = judge({ ...twice, orders: [...twice.orders, ...(order ? [{ ...order, jobId: 'k' }] : [])] })
    expect(verdict).toMatchObject({ postedTwice: 1, billedTwice: 1, ledgerMinusInvoicesMicroUsd: -price, capExceeded: 1 })
  })

  it('sees money that is set aside for nobody', () => {
    const { contents, ...rest } = evidence()
    const wallets = contents.wallets.map((wallet) => ({ ...wallet, reserved: 1 }))
    expect(judge({ ...rest, contents: { ...contents, wallets } }).problems.join()).toContain('set aside')
  })

  it('counts what is held apart, and only as much as could not be known', () => {
    const held = evidence({ request: { sight: 'on hold', clips: 0 }, generation: { state: 'held', ledger: 'reserve hold' } })
    const contents = { ...held.contents, wallets: ['installation', 'guild'].map((scope) => ({ scope, spent: 0, reserved: price })) }
    expect(judge({ ...held, contents, unknowable: 1 })).toMatchObject({ verdict: { held: 1, ...unharmed }, problems: [] })
    expect(judge({ ...held, contents }).problems.join()).toContain('unknowable')
  })

  it('does not excuse that requests fail which met nothing terminal', () => {
    const failed = { request: { sight: 'not made', clips: 0 } as const, generation: { state: 'failed', ledger: 'reserve release' } }
    expect(judge(evidence(failed)).problems.join()).toContain('nothing terminal')
    expect(judge(evidence({ ...failed, request: { ...failed.request, terminal: true } })).problems.join()).not.toContain('nothing terminal')
  })
})
