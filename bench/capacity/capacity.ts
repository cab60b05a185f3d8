import type { ProviderCapacity } from '../../src/generations/queue/create-rate.ts'
import { providerDescriptors } from '../../src/providers/registry.ts'
import type { BenchContext } from '../shared/bench.ts'
import type { Measured } from '../shared/measurement.ts'
import { largeAccounts, planGateway, secondsBetweenEdits } from './plan.ts'
import { simulateDay } from './simulate.ts'

const demand = { requestsPerGuildPerDay: 1, peakFactor: 3 }
/** The half hour in the middle of the busiest two. */
const outage = { provider: 'wavespeed', from: 18.75 * 3600, until: 19.25 * 3600 }
const seed = 1
const longestWaitMs = 60_000

/** Whether an installation with many servers holds, by a simulated day. The first word is the number of servers. */
export function benchCapacity(context: BenchContext): Promise<void> {
  const { words } = context
  const guilds = Number(words[0] ?? 100_000)
  const report = (measured: Measured) => context.report(measured)
  const gateway = planGateway(guilds, 1000, 1)
  report({ case: 'shards of 1,000 servers', value: gateway.shards, unit: '' })
  report({ case: 'sign-in of all shards, one at a time', value: gateway.signInMinutes, unit: 'min' })
  for (const { title, options } of [
    { title: 'usual day', options: {} },
    { title: 'WaveSpeed out at the peak', options: { outage } },
  ]) {
    const day = simulateDay({ demand: { ...demand, guilds }, providers: largeAccounts, seed, ...options })
    context.note(`${title}: ${day.requests} requests; the most at once: ${JSON.stringify(day.mostRunningAt)}`)
    report({ case: `${title}: accepted in the busiest second`, value: day.mostAcceptedPerSecond, unit: '/s' })
    report({ case: `${title}: clips at providers at once, the most`, value: day.mostRunning, unit: '' })
    report({ case: `${title}: longest queue`, value: day.longestQueue, unit: '' })
    report({
      case: `${title}: wait in the queue, p99`,
      value: Math.round(day.waits.percentile(99) / 1000),
      unit: 's',
      target: { of: 'value', atMost: 60 },
    })
    report({
      ...{ case: `${title}: seconds between edits of a card at the most`, value: secondsBetweenEdits(day.mostCards), unit: 's' },
      target: { of: 'value', atMost: 60 },
    })
  }
  report({
    case: `new accounts: servers with a wait of ${longestWaitMs / 1000} s at p99`,
    value: mostGuilds(providerDescriptors),
    unit: '',
  })
  return Promise.resolve()
}

/** The largest installation, in steps of a tenth, whose members rarely wait longer than that. */
function mostGuilds(providers: readonly ProviderCapacity[]): number {
  let guilds = 100
  for (;;) {
    const next = Math.ceil(guilds * 1.1)
    const { waits } = simulateDay({ demand: { ...demand, guilds: next }, providers, seed })
    if (waits.percentile(99) > longestWaitMs) return guilds
    guilds = next
  }
}
