import { describe, expect, it } from 'vitest'

import { evidence, heldCase, problemsOf, unharmed } from './example-evidence.ts'
import type { Contents } from '../shared/store.ts'
import { type EndedRequest, type Evidence, judge } from './verdict.ts'

describe('the verdict on what is held', () => {
  it('needs no lost answer where a provider does not say what a cancel cost', () => {
    const { request, generation } = heldCase
    const cancelled = { ...request, prompt: 'clip-0. a boat', answerLost: false, memberAction: 'cancel' as const, terminal: true }
    const at = (provider: string) => problemsOf(evidence({ ...heldCase, request: cancelled, generation: { ...generation, provider } }))
    expect(at('replicate')).toBe('')
    expect(at('fal')).toContain('clip-0. is held, but')
  })

  it('counts it separately if its own answer was lost or a kill hit its own create call', () => {
    expect(judge(evidence(heldCase))).toMatchObject({ verdict: { held: 1, ...unharmed }, problems: [] })
    const hit = evidence({ ...heldCase, request: { ...heldCase.request, prompt: 'clip-0. a boat', answerLost: false } })
    expect(problemsOf({ ...hit, insideCreate: new Set(['attempt of g0']) })).toBe('')
  })

  it('does not accept the reason of another request', () => {
    const groundless = { ...heldCase, request: { ...heldCase.request, prompt: 'clip-0. a boat', answerLost: false } }
    const other = { request: { prompt: 'clip-1. a boat sandbox:lost-answer', answerLost: true } }
    expect(problemsOf({ ...evidence(groundless, other), insideCreate: new Set(['attempt of g1']) })).toContain('clip-0. is held, but')
  })

  it('allows no more than the answers that were lost, whatever the prompts asked for', () => {
    const { request } = heldCase
    expect(problemsOf(evidence({ ...heldCase, request: { ...request, answerLost: false } }))).toContain('only 0 lost an answer')
  })
})

describe('the verdict on what was never accepted', () => {
  /** One request that went well, and one that was never accepted. */
  function withVanished(change: Partial<EndedRequest>): Evidence {
    const both = evidence({}, { request: { observation: 'nothing', clips: 0, cards: 0, ...change }, invoiced: 0 })
    const isFirst = ({ generationId }: { generationId: string }) => generationId === 'g0'
    const { generations, attempts, ledger } = both.contents
    const { contents } = evidence()
    return {
      ...both,
      contents: { ...contents, generations: generations.slice(0, 1), attempts: attempts.filter(isFirst), ledger: ledger.filter(isFirst) },
    }
  }

  it('excuses one request for each kill of a bot that accepts requests', () => {
    expect(problemsOf({ ...withVanished({ interrupted: true }), interruptions: 1 })).toBe('')
    expect(problemsOf({ ...withVanished({ interrupted: true }), interruptions: 0 })).toContain('was killed only 0 times')
  })

  it.each(['nothing', 'gone', 'refused', 'not made'] as const)('does not excuse “%s” without a reason', (observation) => {
    expect(problemsOf({ ...withVanished({ observation }), interruptions: 1 })).toContain('clip-1. was never accepted')
  })

  it('reports a request in the store that no member made', () => {
    const { requests, ...rest } = evidence({}, {})
    expect(problemsOf({ ...rest, requests: requests.slice(0, 1) })).toContain('no member made')
  })

  it('does not pass a run in which nothing was accepted', () => {
    const { contents } = evidence()
    const empty: Contents = { ...contents, generations: [], attempts: [], wallets: [], ledger: [] }
    expect(problemsOf({ ...evidence(), requests: [], contents: empty, billedJobs: [] })).toContain('proves nothing')
  })
})
