import Bottleneck from 'bottleneck'

import type { Snowflake } from '../domain/ids.ts'
import { Refusal } from '../domain/refusal.ts'

/** How many requests a member and a guild may make per minute. */
export interface RequestRateLimits {
  /** Takes one request from both allowances, or throws a `Refusal`. */
  admit(requester: { memberId: Snowflake; guildId: Snowflake }): Promise<void>
  close(): Promise<void>
}

const minute = 60_000

export function createRequestRateLimits(limits: { memberRequestsPerMinute: number; guildRequestsPerMinute: number }): RequestRateLimits {
  const { memberRequestsPerMinute, guildRequestsPerMinute } = limits
  const members = createGroup(memberRequestsPerMinute)
  const guilds = createGroup(guildRequestsPerMinute)
  return {
    admit: async ({ memberId, guildId }) => {
      await pass(members.key(memberId), { scope: 'member', limit: memberRequestsPerMinute })
      await pass(guilds.key(guildId), { scope: 'guild', limit: guildRequestsPerMinute })
    },
    close: async () => {
      await Promise.all([...members.limiters(), ...guilds.limiters()].map(({ limiter }) => limiter.disconnect(true)))
    },
  }
}

/** A reservoir that is refilled each minute. A request that finds it empty is refused instead of queued. */
function createGroup(perMinute: number): Bottleneck.Group {
  return new Bottleneck.Group({
    reservoir: perMinute,
    reservoirRefreshAmount: perMinute,
    reservoirRefreshInterval: minute,
    highWater: 0,
    strategy: Bottleneck.strategy.OVERFLOW,
  })
}

async function pass(limiter: Bottleneck, allowance: { scope: 'member' | 'guild'; limit: number }): Promise<void> {
  try {
    await limiter.schedule(() => Promise.resolve())
  } catch (error) {
    if (error instanceof Bottleneck.BottleneckError) throw new Refusal('rate-limited', { ...allowance, retryAt: Date.now() + minute })
    throw error
  }
}
