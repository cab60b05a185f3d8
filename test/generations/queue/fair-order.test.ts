import { expect, it } from 'vitest'

import { createFairOrder, createFairPositions, type MemberQueue } from '../../../src/generations/queue/fair-order.ts'

function queue(name: string, change: Partial<MemberQueue> = {}): MemberQueue {
  const [guildId = '', memberId = ''] = name.split('/')
  return { guildId, memberId, queued: 1, guildServed: 0, memberServed: 0, ...change }
}

/** Pseudo-random integers below a limit. */
function numbersFrom(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}

function serveAll(queues: MemberQueue[], { running = {}, lastTurn = 0 }: { running?: Record<string, number>; lastTurn?: number } = {}) {
  const order = createFairOrder(queues, { running: new Map(Object.entries(running)), lastTurn })
  const served: string[] = []
  for (let next = order.next(); next; next = order.next()) {
    served.push(`${next.guildId}/${next.memberId}`)
    order.serve(next)
  }
  return served
}

it.each([
  ['the guild with the fewest running', [queue('a/1'), queue('b/2')], { running: { a: 2, b: 1 } }, ['b/2', 'a/1']],
  [
    'then the guild longest unserved',
    [queue('a/1', { guildServed: 9 }), queue('b/2', { guildServed: 3 })],
    { lastTurn: 9 },
    ['b/2', 'a/1'],
  ],
  ['then the member longest unserved', [queue('a/1', { memberServed: 9 }), queue('a/2')], { lastTurn: 9 }, ['a/2', 'a/1']],
  ['then the oldest, which is listed first', [queue('a/1'), queue('b/2')], {}, ['a/1', 'b/2']],
  [
    'guilds and their members take turns',
    [queue('a/1', { queued: 3 }), queue('a/2'), queue('b/3')],
    {},
    ['a/1', 'b/3', 'a/2', 'a/1', 'a/1'],
  ],
])('%s', (_rule, queues, state, expected) => {
  expect(serveAll(queues, state)).toEqual(expected)
})

it('skips a member whose requests are gone, and continues the turn numbers', () => {
  const [gone, other] = [queue('a/1', { queued: 2 }), queue('b/2')]
  const order = createFairOrder([gone, other], { running: new Map(), lastTurn: 41 })
  order.keep((each) => each !== gone)
  expect(order.next()).toBe(other)
  expect(order.serve(other)).toBe(42)
  expect(order.next()).toBeUndefined()
})

it('serves nobody out of turn', () => {
  const [first, second] = [queue('a/1'), queue('a/2')]
  const order = createFairOrder([first, second], { running: new Map(), lastTurn: 0 })
  expect(() => order.serve(second)).toThrow('another member is next')
  expect(order.next()).toBe(first)
})

it.each([1, 2, 3, 4, 5, 6, 7, 8])('tells the place of every request without serving those before it (queue %i)', (seed) => {
  const below = numbersFrom(seed)
  const guilds = Array.from({ length: 6 }, (_, guild) => ({ guildServed: below(4), members: 1 + below(4), guild }))
  const queues = guilds.flatMap(({ guildServed, members, guild }) =>
    Array.from({ length: members }, (_, member) =>
      queue(`${guild}/${member}`, { guildServed, memberServed: below(4), queued: 1 + below(5) }),
    ),
  )
  const running = new Map(guilds.map(({ guild }) => [String(guild), below(5)]))
  const aheadOf = createFairPositions(queues, running)
  const places = queues.flatMap((each) =>
    Array.from({ length: each.queued }, (_, earlier) => [aheadOf(each, earlier), `${each.guildId}/${each.memberId}`] as const),
  )
  const served = serveAll(queues, { running: Object.fromEntries(running) })
  expect(places.toSorted(([left], [right]) => left - right)).toEqual(served.map((name, index) => [index, name]))
})

it('counts what is queued when it is asked for a place', () => {
  const [first, second] = [queue('a/1'), queue('b/2', { guildServed: 1 })]
  const aheadOf = createFairPositions([first, second], new Map())
  first.queued = 0
  expect(aheadOf(second, 0)).toBe(0)
})
