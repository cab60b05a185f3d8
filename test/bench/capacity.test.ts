import { describe, expect, it } from 'vitest'

import { planGateway, secondsBetweenEdits } from '../../bench/capacity/plan.ts'
import { simulateDay } from '../../bench/capacity/simulate.ts'

const demand = { guilds: 1000, requestsPerGuildPerDay: 1, peakFactor: 3 }
const fal = { id: 'fal', concurrency: 20, createsPerMinute: 60 }
const runware = { id: 'runware', concurrency: 20, createsPerMinute: 60 }

describe('a simulated day', () => {
  it('has as many requests as the demand says, and the same ones for the same seed', () => {
    const [first, second] = [1, 1].map((seed) => simulateDay({ demand, providers: [fal], seed }))
    expect(Math.abs((first?.requests ?? 0) - 1000)).toBeLessThan(150)
    expect(second?.requests).toBe(first?.requests)
  })

  it('uses the second provider only while the first one is out', () => {
    const usual = simulateDay({ demand, providers: [fal, runware], seed: 1 })
    expect(usual.mostRunningAt).toMatchObject({ runware: 0 })
    const outage = { provider: 'fal', from: 0, until: 86_400 }
    expect(simulateDay({ demand, providers: [fal, runware], outage, seed: 1 }).mostRunningAt).toMatchObject({ fal: 0 })
  })

  it('keeps the cap of a provider, and lets requests wait for it', () => {
    const day = simulateDay({ demand, providers: [{ ...fal, concurrency: 2 }], seed: 1 })
    expect(day.mostRunningAt).toEqual({ fal: 2 })
    expect(day.longestQueue).toBeGreaterThan(0)
    expect(day.waits.percentile(99)).toBeGreaterThan(60_000)
    expect(day.mostCards).toBe(day.longestQueue + 2)
  })

  it('keeps the create-rate of a provider', () => {
    const busy = { ...demand, guilds: 20_000 }
    const slow = simulateDay({ demand: busy, providers: [{ ...fal, concurrency: 2000, createsPerMinute: 20 }], seed: 1 })
    expect(slow.longestQueue).toBeGreaterThan(1000)
    expect(simulateDay({ demand: busy, providers: [{ ...fal, concurrency: 2000, createsPerMinute: 600 }], seed: 1 }).longestQueue).toBe(0)
  })
})

describe('the plan', () => {
  it.each([
    { guilds: 100_000, perShard: 1000, atOnce: 1, shards: 100, signInMinutes: 100 / 12 },
    { guilds: 100_000, perShard: 2500, atOnce: 16, shards: 40, signInMinutes: 0.25 },
    { guilds: 1, perShard: 1000, atOnce: 1, shards: 1, signInMinutes: 1 / 12 },
  ])('for $guilds servers, $perShard a shard: $shards shards', ({ guilds, perShard, atOnce, shards, signInMinutes }) => {
    expect(planGateway(guilds, perShard, atOnce)).toEqual({ shards, signInMinutes })
  })

  it('gives every card its share of the edits', () => {
    expect(secondsBetweenEdits(500)).toBe(20)
  })
})
