import type { Snowflake } from '../domain/ids.ts'
import { Refusal } from '../domain/refusal.ts'
import type { Clock } from '../lib/clock.ts'
import { ExpiringMap } from '../lib/expiring-map.ts'

/** The part of a requester that is counted. */
export interface CountedRequest {
  memberId: Snowflake
  guildId: Snowflake
  reply: { interactionId: Snowflake }
}

/** How many requests a member and a guild may make per minute. */
export interface RequestRateLimits {
  /** Takes one request from both allowances, or throws a `Refusal` and takes nothing. */
  admit(request: CountedRequest): void
  /** Puts back what `admit` took, in the same minute: for a request that was refused without any fault of the member's pace. */
  giveBack(request: CountedRequest): void
}

const minute = 60_000

export function createRequestRateLimits(
  limits: { memberRequestsPerMinute: number; guildRequestsPerMinute: number },
  clock: Pick<Clock, 'now'>,
): RequestRateLimits {
  const members = createAllowances('member', limits.memberRequestsPerMinute, clock)
  const guilds = createAllowances('guild', limits.guildRequestsPerMinute, clock)
  return {
    admit: ({ memberId, guildId, reply }) => {
      const full = [members.refusal(memberId), guilds.refusal(guildId)].filter((refusal) => refusal !== undefined)
      // The later one of two: before it, the next try would be refused as well.
      const [refusal] = full.toSorted((one, other) => other.retryAt - one.retryAt)
      if (refusal) throw new Refusal('rate-limited', refusal)
      members.take(memberId, reply.interactionId)
      guilds.take(guildId, reply.interactionId)
    },
    giveBack: ({ memberId, guildId, reply }) => {
      members.giveBack(memberId, reply.interactionId)
      guilds.giveBack(guildId, reply.interactionId)
    },
  }
}

/**
 * One allowance for each key: full at its first request, and again a minute later. In memory, because every request passes here before the member
 * sees anything.
 */
function createAllowances(scope: 'member' | 'guild', limit: number, clock: Pick<Clock, 'now'>) {
  const minutes = new ExpiringMap<Snowflake, { requests: Set<Snowflake>; fullAt: number }>(minute, clock)
  return {
    refusal: (key: Snowflake) => {
      const known = minutes.get(key)
      return known && known.requests.size >= limit ? { scope, limit, retryAt: known.fullAt } : undefined
    },
    take: (key: Snowflake, interactionId: Snowflake) => {
      const known = minutes.get(key)
      if (known) known.requests.add(interactionId)
      else minutes.set(key, { requests: new Set([interactionId]), fullAt: clock.now() + minute })
    },
    // By the interaction, so that a request of an earlier minute is not taken off this one.
    giveBack: (key: Snowflake, interactionId: Snowflake) => void minutes.get(key)?.requests.delete(interactionId),
  }
}
