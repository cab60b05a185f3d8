import { describe, expect, it } from 'vitest'

import type { Evidence } from './evidence.ts'
import { evidence, heldAt, price, problemsOf } from './example-evidence.ts'

const text = (left: string) => `This server's daily budget has ${left} left; this clip costs $0.35. It resets soon.`

/** A guild with a clip that is paid, and a request that is refused later for the guild's budget. */
function refusedFor(budget: number, { madeAt = heldAt, guildId = 'here' } = {}): Evidence {
  const refusal = { text: text('$0.10'), at: madeAt + 100 }
  const both = evidence({}, { request: { observation: 'refused', refusal, madeAt, guildId, clips: 0, cards: 0 }, ledger: '', invoiced: 0 })
  const { generations, attempts, ledger } = both.contents
  const contents = {
    ...both.contents,
    generations: generations.slice(0, 1),
    attempts: attempts.slice(0, 1),
    ledger: ledger.filter(({ kind }) => kind !== ''),
  }
  return { ...both, contents, guildBudgets: new Map([['here', budget]]) }
}

describe('the verdict on budgets', () => {
  it('excuses a refusal while too little was left', () => {
    expect(problemsOf(refusedFor(price + 1))).toBe('')
    expect(problemsOf(refusedFor(2 * price - 1))).toBe('')
    expect(problemsOf(refusedFor(2 * price - 1, { madeAt: heldAt + 60_000 }))).toBe('')
  })

  it('does not excuse it while enough was left, before anything was spent, or in another guild', () => {
    const unexplained = 'clip-1. was never accepted'
    expect(problemsOf(refusedFor(2 * price))).toContain(unexplained)
    expect(problemsOf(refusedFor(2 * price - 1, { madeAt: heldAt - 60_000 }))).toContain(unexplained)
    expect(problemsOf(refusedFor(2 * price - 1, { guildId: 'elsewhere' }))).toContain(unexplained)
  })

  it('reports a guild that has spent more than its budget', () => {
    const spent = evidence({}, {})
    const within = (budget: number) => problemsOf({ ...spent, guildBudgets: new Map([['here', budget]]) })
    expect(within(2 * price)).toBe('')
    expect(within(2 * price - 1)).toContain('server here has overdrawn its daily budget')
  })

  it('counts what is reserved, and not what was given back', () => {
    const { contents, ...rest } = evidence(
      {},
      {
        ledger: 'reserve release',
        invoiced: 0,
        request: { observation: 'cancelled', clips: 0, pressedCancel: true },
        generation: { state: 'cancelled' },
      },
      {},
    )
    const within = (budget: number) => problemsOf({ ...rest, contents, guildBudgets: new Map([['here', budget]]) })
    expect(within(2 * price)).toBe('')
    expect(within(2 * price - 1)).toContain('overdrawn')
  })
})
