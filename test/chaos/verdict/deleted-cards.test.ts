import { describe, expect, it } from 'vitest'

import { evidence, problemsOf, type RequestCase, unharmed } from './example-evidence.ts'
import { judge } from './verdict.ts'

describe('the verdict on a card that was deleted', () => {
  const request = { deleted: true, observation: 'refused', clips: 0, cards: 0 } as const
  const withheld: RequestCase = { request }

  it('accepts a paid clip that only its requester was told of', () => {
    const { verdict, problems } = judge(evidence(withheld))
    expect(verdict).toMatchObject({ requests: 1, posted: 1, ...unharmed })
    expect(problems).toEqual([])
  })

  it('accepts a cancelled request with nothing charged, whether or not its requester could be told', () => {
    for (const observation of ['refused', 'gone'] as const) {
      const cancelled = evidence({
        request: { ...request, observation },
        generation: { state: 'cancelled' },
        ledger: 'reserve release',
        invoiced: 0,
      })
      expect(judge(cancelled)).toMatchObject({ verdict: { refunded: 1, ...unharmed }, problems: [] })
    }
  })

  it('reports a paid clip of which nobody was told', () => {
    expect(problemsOf(evidence({ request: { ...request, observation: 'gone' } }))).toContain('is posted, but the member sees “gone”')
  })

  it.each([{ cards: 1 }, { clips: 1, observation: 'clip' }] as const)('reports what was posted again: %j', (again) => {
    expect(problemsOf(evidence({ request: { ...request, ...again } }))).toContain('was posted again although its card was deleted')
  })

  it('does not accept a request that was cancelled although its card is there', () => {
    const there = { request: { observation: 'cancelled', clips: 0 }, generation: { state: 'cancelled' } } as const
    expect(problemsOf(evidence({ ...there, ledger: 'reserve release', invoiced: 0 }))).toContain('no fault that it met allows that')
  })
})
