import { describe, expect, it } from 'vitest'

import type { Disruption } from '../faults/disruptions.ts'
import type { Contents } from '../shared/store.ts'
import type { EndedRequest, Evidence, MetFaults } from './evidence.ts'
import { evidence, failedCase, heldCase, problemsOf, type RequestCase, unharmed } from './example-evidence.ts'
import { judge } from './verdict.ts'

const cancelledCase = {
  ...failedCase,
  request: { observation: 'cancelled', clips: 0 },
  generation: { state: 'cancelled' },
} satisfies RequestCase

const unexplained = 'no fault that it met allows that'

describe('an accepted request that is not posted', () => {
  it.each<[string, Partial<MetFaults>, boolean]>([
    ['a job that the provider ended', { jobFault: 'moderated' }, false],
    ['a clip that the provider lost', { jobFault: 'output-gone' }, false],
    ['a refusal of each provider', { refused: true }, true],
    ['an outage of each provider', { lost: true }, true],
  ])('may fail after %s', (_fault, met, terminal) => {
    expect(problemsOf(evidence({ ...failedCase, met, request: { ...failedCase.request, terminal } }))).toBe('')
  })

  it.each<[string, Partial<MetFaults>, boolean]>([
    ['nothing', {}, false],
    ['a fault that was planned and never happened', {}, true],
    ['a refusal of one of several providers', { refused: true }, false],
    ['a lost answer of one of several providers', { lost: true }, false],
    ['the end of a bot', { disruptions: new Set<Disruption>(['killed', 'stopped', 'disconnected']) }, false],
  ])('may not fail after %s', (_fault, met, terminal) => {
    expect(problemsOf(evidence({ ...failedCase, met, request: { ...failedCase.request, terminal } }))).toContain(unexplained)
  })

  it('is found among any number of others', () => {
    const problems = problemsOf(evidence(...Array.from({ length: 60 }, () => ({})), failedCase))
    expect(problems).toContain('clip-60. is failed')
    expect(problems.split('\n')).toHaveLength(1)
  })

  it('may be cancelled only if its member pressed Cancel', () => {
    const pressed = { ...cancelledCase, request: { ...cancelledCase.request, pressedCancel: true } }
    expect(problemsOf(evidence(pressed))).toBe('')
    expect(problemsOf(evidence(cancelledCase))).toContain(unexplained)
    expect(problemsOf(evidence({ ...failedCase, request: { ...failedCase.request, pressedCancel: true } }))).toContain(unexplained)
  })
})

describe('an accepted request that is held', () => {
  const answered = { ...heldCase, met: {} }

  it('is counted separately if its own answer was lost', () => {
    expect(judge(evidence(heldCase))).toMatchObject({ verdict: { held: 1, ...unharmed }, problems: [] })
    expect(problemsOf(evidence(answered))).toContain(unexplained)
  })

  it('may be so after its own create call was interrupted, and not after that of another', () => {
    const hit = (attempt: string) => problemsOf({ ...evidence(answered, {}), insideCreate: new Set([attempt]) })
    expect(hit('attempt of g0')).toBe('')
    expect(hit('attempt of g1')).toContain('clip-0. is held')
  })

  it('may not be so because it was cancelled', () => {
    expect(problemsOf(evidence({ ...answered, request: { ...heldCase.request, pressedCancel: true } }))).toContain(unexplained)
  })
})

describe('a request that was never accepted', () => {
  const refusals = {
    restart: 'The bot is restarting. Try again in a minute.',
    store: "The bot can't reach its database. Try again in a few minutes.",
    internal: 'Something went wrong. If it happens again, send the bot owner this reference: `ABCD`',
    rate: "You've used your 4 requests this minute; try again soon.",
  }

  /** One request that went well, and one that was never accepted. */
  function withVanished(change: Partial<EndedRequest>, ...disruptions: Disruption[]): Evidence {
    const request = { observation: 'nothing', clips: 0, cards: 0, ...change } as const
    const both = evidence({}, { request, met: { disruptions: new Set(disruptions) }, invoiced: 0 })
    const isFirst = ({ generationId }: { generationId: string }) => generationId === 'g0'
    const { generations, attempts, ledger } = both.contents
    const { contents } = evidence()
    return {
      ...both,
      contents: { ...contents, generations: generations.slice(0, 1), attempts: attempts.filter(isFirst), ledger: ledger.filter(isFirst) },
    }
  }
  const refused = (refusal: keyof typeof refusals, ...disruptions: Disruption[]) =>
    problemsOf(withVanished({ observation: 'refused', refusal: { text: refusals[refusal], at: 0 } }, ...disruptions))

  it.each(['nothing', 'gone'] as const)('may show “%s” only if its bot was ended', (observation) => {
    expect(problemsOf(withVanished({ observation }, 'killed'))).toBe('')
    expect(problemsOf(withVanished({ observation }, 'stopped'))).toBe('')
    expect(problemsOf(withVanished({ observation }, 'disconnected'))).toContain('clip-1. was never accepted')
    expect(problemsOf(withVanished({ observation }))).toContain('clip-1. was never accepted')
  })

  it('may be refused for a restart only by a bot that was stopped', () => {
    expect(refused('restart', 'stopped')).toBe('')
    expect(refused('restart', 'killed')).toContain(refusals.restart)
    expect(refused('restart')).toContain(refusals.restart)
  })

  it.each(['store', 'internal'] as const)('may be refused for the store only if its connections were broken (%s)', (refusal) => {
    expect(refused(refusal, 'disconnected')).toBe('')
    expect(refused(refusal, 'killed', 'stopped')).toContain(refusals[refusal])
    expect(refused(refusal)).toContain(refusals[refusal])
  })

  it('may not be refused for anything else, whatever it met', () => {
    expect(refused('rate', 'killed', 'stopped', 'disconnected')).toContain(refusals.rate)
    expect(problemsOf(withVanished({ observation: 'not made' }, 'killed'))).toContain('clip-1. was never accepted')
  })

  it('has no row that no member asked for', () => {
    const { requests, ...rest } = evidence({}, {})
    expect(problemsOf({ ...rest, requests: requests.slice(0, 1) })).toContain('no member made')
  })

  it('is not the only kind in a run that passes', () => {
    const { contents } = evidence()
    const empty: Contents = { ...contents, generations: [], attempts: [], wallets: [], ledger: [] }
    expect(problemsOf({ ...evidence(), requests: [], contents: empty, billedJobs: [] })).toContain('proves nothing')
  })
})
