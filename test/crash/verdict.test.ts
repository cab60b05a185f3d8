import { describe, expect, it } from 'vitest'

import type { ItemisedOrder } from '../chaos/orders.ts'
import type { Contents } from '../chaos/store.ts'
import { type EndedRequest, type Evidence, judge } from '../chaos/verdict.ts'

const price = 350_000
const heldAt = 5

type Generation = Contents['generations'][number]

/** What befell one request; what is not said went well. */
interface Fate {
  request?: Partial<EndedRequest>
  generation?: Partial<Generation>
  /** Kinds of its ledger rows. */
  ledger?: string
  /** What its one job cost. */
  invoiced?: number
}

function requestNumber(number: number, { request, generation, ledger = 'reserve capture', invoiced = price }: Fate) {
  const id = `g${number}`
  const made: EndedRequest = {
    mark: `clip-${number}.`,
    prompt: `clip-${number}. a boat`,
    duration: 5,
    provider: undefined,
    terminal: false,
    deed: undefined,
    interactionId: `${number}`,
    observation: 'clip',
    clips: 1,
    cards: 1,
    calls: 0,
    interrupted: false,
    answerLost: false,
    ...request,
  }
  const stored: Generation = {
    id,
    state: 'done',
    interactionId: made.interactionId,
    owner: 'o',
    provider: 'fal',
    price,
    reference: id,
    ...generation,
  }
  const rows = ledger.split(' ').map((kind) => ({ generationId: id, kind, amount: kind === 'difference' ? 10_000 : price, ...periods }))
  const order = {
    provider: 'fal',
    jobId: id,
    prompt: made.prompt,
    createdAt: 20 * number,
    finishedAt: 20 * number + 10,
    amountMicroUsd: invoiced,
  }
  return { made, stored, rows, order }
}

const periods = { guildId: 'here', day: 'd', month: 'm', installationDay: 'D', installationMonth: 'M', createdAt: heldAt }

/** A run with these requests, whose wallets are right. */
function evidence(...fates: Fate[]): Evidence {
  const all = (fates.length > 0 ? fates : [{}]).map((fate, index) => requestNumber(index, fate))
  const ledger = all.flatMap(({ rows }) => rows)
  const sum = (...kinds: string[]) => ledger.filter(({ kind }) => kinds.includes(kind)).reduce((total, { amount }) => total + amount, 0)
  const reserved = sum('reserve') - sum('capture', 'release')
  const installation = { scope: 'installation', ownerId: '', spent: sum('capture', 'difference'), reserved }
  const guild = { scope: 'guild', ownerId: 'here', spent: sum('capture') - sum('refund'), reserved }
  return {
    requests: all.map(({ made }) => made),
    contents: {
      generations: all.map(({ stored }) => stored),
      attempts: all.map(({ stored }) => ({ id: `attempt of ${stored.id}`, generationId: stored.id, state: 'unknown', operationId: null })),
      wallets: [
        { ...installation, period: 'day', periodKey: 'D' },
        { ...installation, period: 'month', periodKey: 'M' },
        { ...guild, period: 'day', periodKey: 'd' },
        { ...guild, period: 'month', periodKey: 'm' },
      ],
      ledger,
      owners: [],
    },
    orders: all.map(({ order }) => order),
    caps: { fal: 1 },
    insideCreate: new Set(),
    interruptions: 0,
  }
}

const problemsOf = (evidence: Evidence) => judge(evidence).problems.join('\n')
const unharmed = { lost: 0, postedTwice: 0, billedTwice: 0, ledgerMinusInvoicesMicroUsd: 0, capExceeded: 0 }
const heldFate = {
  request: { observation: 'on hold', clips: 0, prompt: 'clip-0. a boat sandbox:lost-answer', answerLost: true },
  generation: { state: 'held' },
  ledger: 'reserve hold',
} satisfies Fate

describe('the judgement of a chaos run', () => {
  it('finds nothing where nothing is wrong', () => {
    const { verdict, problems } = judge(evidence())
    expect(verdict).toMatchObject({ requests: 1, posted: 1, refunded: 0, failed: 0, held: 0, ...unharmed })
    expect(problems).toEqual([])
  })

  it('takes what the member still waits for as lost, whatever the store says', () => {
    const { verdict } = judge(evidence({ request: { observation: 'at work', clips: 0 } }))
    expect(verdict.lost).toBe(1)
  })

  it.each(['at work', 'gone', 'not made'] as const)('does not count a clip as posted well whose member sees “%s” last', (observation) => {
    expect(problemsOf(evidence({ request: { observation } }))).toContain('the last thing that the member sees')
  })

  it('does not take a word for a refund that no ledger row bears out', () => {
    const told = { observation: 'not made', clips: 0 } as const
    const failed = { request: told, generation: { state: 'failed' } }
    expect(judge(evidence({ ...failed, ledger: 'reserve', invoiced: 0 })).verdict).toMatchObject({ refunded: 0, lost: 1 })
    const settled = judge(evidence({ ...failed, ledger: 'reserve capture refund' }))
    expect(settled.verdict).toMatchObject({ refunded: 1, failed: 1, ...unharmed })
  })

  it.each(['reserve capture release', 'reserve refund', 'reserve release refund', 'reserve hold'])(
    'does not take “%s” for a refund',
    (ledger) => {
      const told = { observation: 'not made', clips: 0 } as const
      expect(judge(evidence({ request: told, generation: { state: 'failed' }, ledger, invoiced: 0 })).verdict.lost).toBe(1)
    },
  )

  it('counts a clip in two messages, and two jobs for one request', () => {
    const twice = evidence({ request: { clips: 2 } })
    const [order] = twice.orders
    const { verdict } = judge({ ...twice, orders: [...twice.orders, ...(order ? [{ ...order, jobId: 'k' }] : [])] })
    expect(verdict).toMatchObject({ postedTwice: 1, billedTwice: 1, ledgerMinusInvoicesMicroUsd: price, capExceeded: 1 })
  })

  it.each([{ cards: 2 }, { calls: 2 }])('notices what is announced a second time: %j', (twice) => {
    expect(problemsOf(evidence({ request: twice }))).toContain('clip-0.')
  })

  it('excuses no request that fails and met nothing terminal', () => {
    const failed = {
      request: { observation: 'not made', clips: 0 },
      generation: { state: 'failed' },
      ledger: 'reserve release',
    } satisfies Fate
    expect(problemsOf(evidence({ ...failed, invoiced: 0 }))).toContain('nothing terminal')
    expect(problemsOf(evidence({ ...failed, request: { ...failed.request, terminal: true }, invoiced: 0 }))).toBe('')
  })
})

describe('the judgement of the money', () => {
  it('lets two opposite errors not cancel', () => {
    const { verdict, problems } = judge(evidence({ invoiced: 0 }, { invoiced: 2 * price }))
    expect(verdict.ledgerMinusInvoicesMicroUsd).toBe(2 * price)
    expect(problems).toHaveLength(2)
  })

  it('takes a difference that was booked into account, and misses one that was not', () => {
    expect(problemsOf(evidence({ ledger: 'reserve capture difference', invoiced: price + 10_000 }))).toBe('')
    expect(problemsOf(evidence({ ledger: 'reserve capture', invoiced: price + 10_000 }))).toContain('was invoiced at')
  })

  it('sees a row of another sum than the price', () => {
    const { contents, ...rest } = evidence()
    const ledger = contents.ledger.map((row) => (row.kind === 'reserve' ? { ...row, amount: 1 } : row))
    expect(problemsOf({ ...rest, contents: { ...contents, ledger } })).toContain('its reserve says 1')
  })

  it.each([
    { scope: 'installation', period: 'day' },
    { scope: 'installation', period: 'month' },
    { scope: 'guild', period: 'day' },
    { scope: 'guild', period: 'month' },
  ])('sees money that a wallet has for nobody: %j', ({ scope, period }) => {
    const { contents, ...rest } = evidence()
    for (const change of ['spent', 'reserved'] as const) {
      const wallets = contents.wallets.map((wallet) =>
        wallet.scope === scope && wallet.period === period ? { ...wallet, [change]: wallet[change] + 1 } : wallet,
      )
      expect(problemsOf({ ...rest, contents: { ...contents, wallets } })).toContain('set aside')
    }
  })

  it('sees a job that belongs to no request', () => {
    const { orders, ...rest } = evidence()
    const [order] = orders
    expect(
      problemsOf({ ...rest, orders: [...orders, ...(order ? [{ ...order, prompt: 'clip-7. a boat', createdAt: 90 }] : [])] }),
    ).toContain('no request asked for')
  })
})

describe('the judgement of what is held', () => {
  it('asks for no lost answer where a provider does not tell what a cancel cost', () => {
    const { request, generation } = heldFate
    const cancelled = { ...request, prompt: 'clip-0. a boat', answerLost: false, deed: 'cancels' as const, terminal: true }
    const at = (provider: string) => problemsOf(evidence({ ...heldFate, request: cancelled, generation: { ...generation, provider } }))
    expect(at('replicate')).toBe('')
    expect(at('fal')).toContain('clip-0. is held, but')
  })

  it('counts it apart, where its own answer was lost or a kill fell into its own create call', () => {
    expect(judge(evidence(heldFate))).toMatchObject({ verdict: { held: 1, ...unharmed }, problems: [] })
    const struck = evidence({ ...heldFate, request: { ...heldFate.request, prompt: 'clip-0. a boat', answerLost: false } })
    expect(problemsOf({ ...struck, insideCreate: new Set(['attempt of g0']) })).toBe('')
  })

  it("takes no other request's reason for its own", () => {
    const groundless = { ...heldFate, request: { ...heldFate.request, prompt: 'clip-0. a boat', answerLost: false } }
    const besides = { request: { prompt: 'clip-1. a boat sandbox:lost-answer', answerLost: true } }
    expect(problemsOf({ ...evidence(groundless, besides), insideCreate: new Set(['attempt of g1']) })).toContain('clip-0. is held, but')
  })

  it('allows no more than were lost in all, whatever the prompts asked for', () => {
    const { request } = heldFate
    expect(problemsOf(evidence({ ...heldFate, request: { ...request, answerLost: false } }))).toContain('only 0 lost an answer')
  })
})

describe('the judgement of what was never accepted', () => {
  /** Beside one that went well, one that came to nothing. */
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

  it('excuses what a bot died over, as often as bots died', () => {
    expect(problemsOf({ ...withVanished({ interrupted: true }), interruptions: 1 })).toBe('')
    expect(problemsOf({ ...withVanished({ interrupted: true }), interruptions: 0 })).toContain('died only 0 times')
  })

  it.each(['nothing', 'gone', 'refused', 'not made'] as const)('does not excuse “%s” without a reason', (observation) => {
    expect(problemsOf({ ...withVanished({ observation }), interruptions: 1 })).toContain('clip-1. was never accepted')
  })

  it('sees a request in the store that nobody made', () => {
    const { requests, ...rest } = evidence({}, {})
    expect(problemsOf({ ...rest, requests: requests.slice(0, 1) })).toContain('nobody made')
  })

  it('does not pass a run in which nothing was accepted', () => {
    const { contents } = evidence()
    const empty: Contents = { ...contents, generations: [], attempts: [], wallets: [], ledger: [] }
    expect(problemsOf({ ...evidence(), requests: [], contents: empty, orders: [] })).toContain('proves nothing')
  })
})

describe('the judgement of the caps', () => {
  /** Two jobs at one provider that takes one, of which the first one was held at 5. */
  function two(times: readonly Pick<ItemisedOrder, 'createdAt' | 'finishedAt'>[]): Evidence {
    const both = evidence(heldFate, {})
    return { ...both, orders: both.orders.map((order, index) => ({ ...order, ...times[index] })) }
  }

  it('leaves a job out from the moment at which it was held', () => {
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
