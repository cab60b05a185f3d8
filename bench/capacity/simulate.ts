import type { ProviderId } from '../../src/domain/provider-id.ts'
import { clamp, type ProviderCapacity, scheduleCreate } from '../../src/generations/queue/create-rate.ts'
import { createRandom } from '../shared/random.ts'
import { createTimings, type Timings } from '../shared/timings.ts'
import { arrivals, type Demand, requestRate, runSeconds, secondsPerDay } from './demand.ts'

export interface SimulationOptions {
  demand: Demand
  /** In the order of preference. */
  providers: readonly ProviderCapacity[]
  /** A provider that takes no new jobs for a while; in seconds of the day. */
  outage?: { provider: ProviderId; from: number; until: number } | undefined
  seed: number
}

export interface SimulatedDay {
  requests: number
  /** From acceptance to the claim. */
  waits: Timings
  longestQueue: number
  /** The most clips that were queued or running at once: each has a card. */
  mostCards: number
  mostRunning: number
  mostRunningAt: Readonly<Record<ProviderId, number>>
  /** The most requests accepted within a second. */
  mostAcceptedPerSecond: number
}

interface SimulatedProvider {
  capacity: ProviderCapacity
  nextCreateAt: number
  /** The second in which each of its clips ends. */
  ends: number[]
  most: number
}

/**
 * A day of an installation in steps of one second, with the bot's own create-rate. The queue is served in the order of arrival: whose turn it is changes who
 * waits, not for how long they wait on average.
 */
export function simulateDay({ demand, providers, outage, seed }: SimulationOptions): SimulatedDay {
  const random = createRandom(seed)
  const simulated = providers.map((capacity): SimulatedProvider => ({ capacity, nextCreateAt: 0, ends: [], most: 0 }))
  const waits = createTimings()
  const queue: number[] = []
  let [requests, longestQueue, mostCards, mostRunning, mostAcceptedPerSecond] = [0, 0, 0, 0, 0]

  for (let second = 0; second < secondsPerDay; second += 1) {
    const accepted = arrivals(requestRate(demand, second), random)
    for (let count = 0; count < accepted; count += 1) queue.push(second)
    for (const provider of simulated) provider.ends = provider.ends.filter((end) => end > second)
    const open = simulated.filter(({ capacity }) => !isOut(outage, capacity.id, second))
    let served = 0
    for (const acceptedAt of queue) {
      const provider = open.find((each) => tryCreate(each, second * 1000))
      if (!provider) break
      provider.ends.push(second + runSeconds(random))
      provider.most = Math.max(provider.most, provider.ends.length)
      waits.record((second - acceptedAt) * 1000)
      served += 1
    }
    queue.splice(0, served)
    const running = simulated.reduce((sum, { ends }) => sum + ends.length, 0)
    requests += accepted
    longestQueue = Math.max(longestQueue, queue.length)
    mostCards = Math.max(mostCards, running + queue.length)
    mostRunning = Math.max(mostRunning, running)
    mostAcceptedPerSecond = Math.max(mostAcceptedPerSecond, accepted)
  }
  const mostRunningAt = Object.fromEntries(simulated.map(({ capacity, most }) => [capacity.id, most]))
  return { requests, waits, longestQueue, mostCards, mostRunning, mostRunningAt, mostAcceptedPerSecond }
}

function isOut(outage: SimulationOptions['outage'], provider: ProviderId, second: number): boolean {
  return outage?.provider === provider && second >= outage.from && second < outage.until
}

/** Whether the provider has a free slot and a create call is due, as the worker decides it; then that call is counted. */
function tryCreate(provider: SimulatedProvider, now: number): boolean {
  const { capacity, ends } = provider
  if (ends.length >= capacity.concurrency) return false
  const { at, next } = scheduleCreate(clamp(provider.nextCreateAt, now, capacity), now, capacity)
  if (at > now) return false
  provider.nextCreateAt = next
  return true
}
