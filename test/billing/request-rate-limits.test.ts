import { expect, it } from 'vitest'

import { createRequestRateLimits, type RequestRateLimits } from '../../src/billing/request-rate-limits.ts'
import { Refusal } from '../../src/domain/refusal.ts'
import { wallClock } from '../../src/lib/clock.ts'
import { createManualClock } from '../support/clocks/manual-clock.ts'

function isRateLimited(error: unknown): error is Refusal<'rate-limited'> {
  return error instanceof Refusal && error.identifier === 'rate-limited'
}

let interactions = 0
const request = (memberId: string, guildId: string) => ({ memberId, guildId, reply: { interactionId: `${(interactions += 1)}` } })

/** The refusal's details, or `admitted`. */
function tryAdmit(limits: RequestRateLimits, memberId: string, guildId: string): Refusal<'rate-limited'>['details'][0] | 'admitted' {
  try {
    limits.admit(request(memberId, guildId))
    return 'admitted'
  } catch (error) {
    if (isRateLimited(error)) return error.details[0]
    throw error
  }
}

/** Admits the requests one after another and returns the scope of each refusal. */
function admitAll(
  limits: { memberRequestsPerMinute: number; guildRequestsPerMinute: number },
  requesters: readonly [memberId: string, guildId: string][],
): string[] {
  const rateLimits = createRequestRateLimits(limits, wallClock)
  return requesters.map((requester) => {
    const outcome = tryAdmit(rateLimits, ...requester)
    return outcome === 'admitted' ? outcome : outcome.scope
  })
}

it('limits each member on their own', () => {
  const limits = { memberRequestsPerMinute: 2, guildRequestsPerMinute: 100 }
  const outcomes = admitAll(limits, [
    ['one', 'here'],
    ['one', 'here'],
    ['one', 'elsewhere'],
    ['two', 'here'],
  ])
  expect(outcomes).toEqual(['admitted', 'admitted', 'member', 'admitted'])
})

it('limits each guild as a whole', () => {
  const limits = { memberRequestsPerMinute: 100, guildRequestsPerMinute: 2 }
  const outcomes = admitAll(limits, [
    ['one', 'here'],
    ['two', 'here'],
    ['three', 'here'],
    ['three', 'elsewhere'],
  ])
  expect(outcomes).toEqual(['admitted', 'admitted', 'guild', 'admitted'])
})

it('names the limit and when it is full again: a minute after the first request', async () => {
  const clock = createManualClock(1_000_000)
  const limits = createRequestRateLimits({ memberRequestsPerMinute: 2, guildRequestsPerMinute: 3 }, clock)
  const retryAt = 1_060_000
  expect(tryAdmit(limits, 'one', 'here')).toBe('admitted')
  await clock.advance(59_999)
  expect(tryAdmit(limits, 'one', 'here')).toBe('admitted')
  expect(tryAdmit(limits, 'one', 'here')).toEqual({ scope: 'member', limit: 2, retryAt })
  expect(tryAdmit(limits, 'two', 'here')).toBe('admitted')
  expect(tryAdmit(limits, 'three', 'here')).toEqual({ scope: 'guild', limit: 3, retryAt })
  await clock.advance(1)
  expect(tryAdmit(limits, 'one', 'here')).toBe('admitted')
  expect(tryAdmit(limits, 'three', 'here')).toBe('admitted')
  expect(tryAdmit(limits, 'one', 'here')).toBe('admitted')
  expect(tryAdmit(limits, 'one', 'here')).toEqual({ scope: 'member', limit: 2, retryAt: retryAt + 60_000 })
})

it('takes nothing from a member whose guild is full, and names the later of two times', async () => {
  const clock = createManualClock(1_000_000)
  const limits = createRequestRateLimits({ memberRequestsPerMinute: 1, guildRequestsPerMinute: 1 }, clock)
  expect(tryAdmit(limits, 'one', 'here')).toBe('admitted')
  await clock.advance(30_000)
  expect(tryAdmit(limits, 'two', 'here')).toEqual({ scope: 'guild', limit: 1, retryAt: 1_060_000 })
  expect(tryAdmit(limits, 'two', 'elsewhere')).toBe('admitted')
  expect(tryAdmit(limits, 'one', 'elsewhere')).toEqual({ scope: 'guild', limit: 1, retryAt: 1_090_000 })
  await clock.advance(60_000)
  expect(tryAdmit(limits, 'one', 'elsewhere')).toBe('admitted')
})

it('a request that is given back can be made again, and one of an earlier minute changes nothing', async () => {
  const clock = createManualClock(1_000_000)
  const limits = createRequestRateLimits({ memberRequestsPerMinute: 1, guildRequestsPerMinute: 1 }, clock)
  const refused = request('one', 'here')
  limits.admit(refused)
  limits.giveBack(refused)
  expect(tryAdmit(limits, 'one', 'here')).toBe('admitted')
  expect(tryAdmit(limits, 'one', 'here')).toEqual({ scope: 'member', limit: 1, retryAt: 1_060_000 })
  limits.giveBack(refused)
  expect(tryAdmit(limits, 'two', 'here')).toEqual({ scope: 'guild', limit: 1, retryAt: 1_060_000 })
  await clock.advance(60_000)
  expect(tryAdmit(limits, 'one', 'here')).toBe('admitted')
})
