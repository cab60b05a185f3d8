import { expect, test } from 'vitest'

import { CardUpdater } from '../../../src/discord/delivery/card-updater.ts'
import { createEditBudget, type EditBudgetOptions } from '../../../src/discord/delivery/edit-budget.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'

/** Discord's limit for a bot is 50; the rest is for everything else. */
const mostInASecond = 35
const showEveryMs = 5000
const stepMs = 20

interface Edit {
  card: number
  at: number
  last: boolean
}

/** Cards of which each has something new to show every five seconds, on one budget. */
function setUp(count: number, { isContinued = false, ...options }: EditBudgetOptions & { isContinued?: boolean } = {}) {
  const clock = createManualClock(0)
  const editBudget = createEditBudget(clock, options)
  const edits: Edit[] = []
  const cards = Array.from({ length: count }, (_, card) => {
    const write = () => {
      edits.push({ card, at: clock.now(), last: false })
      return Promise.resolve(undefined)
    }
    return new CardUpdater<number>({ write, spacingMs: 3000 }, { editBudget, isContinued })
  })
  const show = (index: number, state = 'rendering') => {
    cards[index]?.offer(state, clock.now())
  }
  /** The cards from `first` on go on; they were all accepted at the same moment. */
  async function pass(milliseconds: number, first = 0): Promise<Edit[]> {
    const before = edits.length
    for (const end = clock.now() + milliseconds; clock.now() < end;) {
      if (clock.now() % showEveryMs === 0) for (let index = first; index < count; index += 1) show(index)
      await clock.advance(stepMs)
    }
    return edits.slice(before)
  }
  const finish = (card: number) =>
    cards[card]?.finish(() => {
      edits.push({ card, at: clock.now(), last: true })
      return Promise.resolve()
    })
  return { clock, cards, edits, editBudget, show, pass, finish }
}

function busiestSecond(edits: readonly Edit[]): number {
  return Math.max(...edits.map(({ at }) => edits.filter((other) => other.at > at - 1000 && other.at <= at).length))
}

test('a thousand cards that progress at once stay below the budget in every second, and take turns', async () => {
  const { pass } = setUp(1000)
  const edits = await pass(90_000)
  expect(busiestSecond(edits)).toBeLessThanOrEqual(mostInASecond)
  expect(edits.length).toBeGreaterThan(90 * 25 - 1)
  const perCard = Map.groupBy(edits, ({ card }) => card)
  expect(perCard.size).toBe(1000)
  expect(new Set([...perCard.values()].map(({ length }) => length))).toEqual(new Set([2, 3]))
})

test('a few cards are edited whenever they show something new', async () => {
  const { pass } = setUp(10)
  const edits = await pass(20_000)
  expect(edits.map(({ at }) => at)).toEqual([0, 5000, 10_000, 15_000].flatMap((at) => Array.from({ length: 10 }, () => at)))
})

test('the usual interval is back when few of a thousand cards are left', async () => {
  const { pass, finish } = setUp(1000)
  await pass(10_000)
  for (let card = 0; card < 990; card += 1) void finish(card)
  // Discord's second in which all of these were sent has to pass.
  await pass(5000, 990)
  const edits = await pass(20_000, 990)
  const perCard = Map.groupBy(edits, ({ card }) => card)
  expect([...perCard.values()].map(({ length }) => length)).toEqual(Array.from({ length: 10 }, () => 4))
})

test('clips and outcomes are written at once, and the progress of others makes room for them', async () => {
  const { pass, finish, edits, clock } = setUp(1000)
  await pass(10_000)
  const before = edits.length
  for (let card = 0; card < 200; card += 1) {
    const startedAt = clock.now()
    await finish(card)
    expect(edits.findLast((edit) => edit.card === card)).toEqual({ card, at: startedAt, last: true })
    await clock.advance(50)
  }
  const during = edits.slice(before)
  expect(during.filter(({ last }) => last)).toHaveLength(200)
  expect(busiestSecond(during)).toBeLessThanOrEqual(mostInASecond)
  // Twenty last edits a second leave five for progress.
  expect(during.filter(({ last }) => !last).length).toBeGreaterThan(40)
})

test('a card that changes its state, or is new, is next, however many others are continued after a restart', async () => {
  const { pass, show, edits, clock, editBudget } = setUp(1000, { isContinued: true })
  await pass(10_000)
  const { card } = edits.at(-1) ?? { card: 0 }
  const before = edits.length
  show(card, 'delivering')
  const write = () => {
    edits.push({ card: 1000, at: clock.now(), last: false })
    return Promise.resolve(undefined)
  }
  new CardUpdater<number>({ write, spacingMs: 3000 }, { editBudget }).offer('queued', 0)
  await clock.advance(40)
  await clock.advance(40)
  expect(edits.slice(before).map((edit) => edit.card)).toEqual([card, 1000])
})

test('edits that Discord does not answer hold up those of other cards, so that they do not arrive together', async () => {
  const { clock, editBudget } = setUp(0)
  const answers: (() => void)[] = []
  for (let card = 0; card < 30; card += 1)
    editBudget.request({ start: () => new Promise((resolve) => answers.push(resolve)) }, { urgent: card % 2 === 0 })
  for (let passed = 0; passed < 2000; passed += 100) await clock.advance(100)
  expect(answers).toHaveLength(12)
  for (const answer of answers.slice(0, 3)) answer()
  await clock.advance(0)
  expect(answers).toHaveLength(15)
})

test('a stop waits for the cards that are to tell so, and drops the progress of the others', async () => {
  const { cards, pass, show, edits, clock } = setUp(40, { isContinued: true })
  await pass(5000)
  const before = edits.length
  for (let card = 0; card < 20; card += 1) show(card, 'paused')
  for (let card = 20; card < 40; card += 1) show(card)
  let isDrained = false
  const drained = Promise.all(cards.map((card) => card.drain())).then(() => (isDrained = true))
  await clock.advance(200)
  expect(isDrained).toBe(false)
  for (let passed = 0; passed < 400; passed += 40) await clock.advance(40)
  await drained
  await clock.advance(5000)
  expect(edits.slice(before).map(({ card }) => card)).toEqual(Array.from({ length: 20 }, (_, card) => card))
})

test('a stop leaves cards as they are where their turn does not come soon', async () => {
  const { cards, pass, show, edits, clock } = setUp(1000, { isContinued: true, longestDrainMs: 1 })
  await pass(5000)
  for (let card = 0; card < 1000; card += 1) show(card, 'paused')
  const before = edits.length
  const drained = Promise.all(cards.map((card) => card.drain()))
  await clock.advance(40)
  await drained
  await clock.advance(60_000)
  expect(edits.slice(before)).toHaveLength(1)
})

test('a clock that is set back does not keep the cards waiting', async () => {
  const { clock } = setUp(0)
  let offset = 0
  const budget = createEditBudget({ now: () => clock.now() + offset, sleep: (milliseconds, options) => clock.sleep(milliseconds, options) })
  const started: number[] = []
  for (let index = 0; index < 11; index += 1) {
    const start = () => {
      started.push(clock.now())
      return Promise.resolve()
    }
    budget.request({ start }, { urgent: false })
  }
  expect(started).toHaveLength(10)
  offset = -3_600_000
  await clock.advance(40)
  for (let passed = 0; passed < 2000; passed += 100) await clock.advance(100)
  expect(started).toHaveLength(11)
})
