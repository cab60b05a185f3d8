import { expect, it, onTestFinished } from 'vitest'

import { createRequestRateLimits } from '../../src/billing/request-rate-limits.ts'
import { Refusal } from '../../src/domain/refusal.ts'

function isRateLimited(error: unknown): error is Refusal<'rate-limited'> {
  return error instanceof Refusal && error.identifier === 'rate-limited'
}

/** Admits the requests one after another and returns the scope of each refusal. */
async function admitAll(
  limits: { memberRequestsPerMinute: number; guildRequestsPerMinute: number },
  requesters: readonly [memberId: string, guildId: string][],
): Promise<unknown[]> {
  const rateLimits = createRequestRateLimits(limits)
  onTestFinished(() => rateLimits.close())
  const outcomes: unknown[] = []
  for (const [memberId, guildId] of requesters) {
    outcomes.push(
      await rateLimits.admit({ memberId, guildId }).then(
        () => 'admitted',
        (error: unknown) => (isRateLimited(error) ? error.details[0].scope : error),
      ),
    )
  }
  return outcomes
}

it('limits each member on their own', async () => {
  const limits = { memberRequestsPerMinute: 2, guildRequestsPerMinute: 100 }
  const outcomes = await admitAll(limits, [
    ['one', 'here'],
    ['one', 'here'],
    ['one', 'elsewhere'],
    ['two', 'here'],
  ])
  expect(outcomes).toEqual(['admitted', 'admitted', 'member', 'admitted'])
})

it('limits each guild as a whole', async () => {
  const limits = { memberRequestsPerMinute: 100, guildRequestsPerMinute: 2 }
  const outcomes = await admitAll(limits, [
    ['one', 'here'],
    ['two', 'here'],
    ['three', 'here'],
    ['three', 'elsewhere'],
  ])
  expect(outcomes).toEqual(['admitted', 'admitted', 'guild', 'admitted'])
})

it('names the limit and a time to try again, a minute from now at most', async () => {
  const limits = createRequestRateLimits({ memberRequestsPerMinute: 1, guildRequestsPerMinute: 1 })
  onTestFinished(() => limits.close())
  const requester = { memberId: 'one', guildId: 'here' }
  await limits.admit(requester)
  const before = Date.now()
  const refusal = await limits.admit(requester).catch((error: unknown) => error)
  if (!isRateLimited(refusal)) throw refusal
  const [{ limit, retryAt }] = refusal.details
  expect(limit).toBe(1)
  expect(retryAt).toBeGreaterThan(before)
  expect(retryAt).toBeLessThanOrEqual(Date.now() + 60_000)
})
