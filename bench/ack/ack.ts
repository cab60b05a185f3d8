import { setTimeout as wait } from 'node:timers/promises'

import { z } from 'zod'

import { startBareBot } from '../bare/start-bare-bot.ts'
import { type Community, startCommunity } from '../bot/members.ts'
import { type Providers, startProviders } from '../bot/providers.ts'
import { startBot } from '../bot/start-bot.ts'
import type { BenchContext } from '../shared/bench.ts'
import type { Child } from '../shared/child.ts'
import type { Target } from '../shared/measurement.ts'
import { nestedCleanup } from '../shared/nested-cleanup.ts'
import { temporaryFolder } from '../shared/stores.ts'
import { type Answers, observeAnswers } from './answers.ts'
import { sendAtRate } from './send-at-rate.ts'

const community = { guilds: 200, membersPerGuild: 10 }
/** After it, Discord accepts no acknowledgement. */
const patienceMs = 3000

interface Measured extends Answers {
  /** Of the bot's process, for each request, while they arrived. */
  cpuMs: number
}

interface Rate {
  perSecond: number
  p99?: Target
  /** All requests count: one without an answer counts as three seconds. */
  slowest?: Target
}

const rates: readonly Rate[] = [
  { perSecond: 50, p99: { of: 'value', atMost: 20 } },
  { perSecond: 200, p99: { of: 'value', atMost: 100 } },
  { perSecond: 500, slowest: { of: 'value', atMost: 2500 } },
]

/** How fast the bot acknowledges `/film`, compared with a bot that does nothing else. The first word is the seconds of load at each rate. */
export async function benchAck(context: BenchContext): Promise<void> {
  const seconds = Number(context.words[0] ?? 15)
  // In real time, so that no clip is finished within the bench.
  const providers = await startProviders({ speed: 1, clipBytes: 100_000 }, context.cleanup)
  for (const rate of rates) {
    const bare = await measure(rate, seconds, context, ({ discord }, cleanup) => startBareBot(discord, cleanup))
    const bot = await measure(rate, seconds, context, (each, cleanup) => startRushes(each, providers, cleanup))
    reportRate(rate, bot, bare, context)
  }
}

async function startRushes({ discord }: Community, providers: Providers, cleanup: AsyncDisposableStack): Promise<{ child: Child }> {
  return startBot({ discord, providers, folder: await temporaryFolder(cleanup), cleanup })
}

/** Sends `/film` to a bot in a Discord of its own. */
async function measure(
  { perSecond }: Rate,
  seconds: number,
  context: BenchContext,
  start: (community: Community, cleanup: AsyncDisposableStack) => Promise<{ child: Child }>,
): Promise<Measured> {
  await using cleanup = nestedCleanup(context.cleanup)
  const started = await startCommunity(community, cleanup)
  const { child } = await start(started, cleanup)
  const readCpuMs = () => child.ask('cpuMs', undefined, z.number())
  const film = (index: number) => started.members[index % started.members.length]?.run('film', { prompt: `a paper boat, ${index}` })
  // A process compiles its code in the first second; what is measured is one that has been running.
  await sendAtRate({ perSecond: 20, seconds: 1 }, (index) => void film(index))
  await wait(1000)
  const observer = observeAnswers(started.discord, patienceMs)
  const cpuBefore = await readCpuMs()
  const late = await sendAtRate({ perSecond, seconds }, (index) => observer.sent(film(index)))
  const cpuMs = (await readCpuMs()) - cpuBefore
  await wait(patienceMs)
  if (late > 20) context.note(`${perSecond}/s: the load itself was up to ${Math.round(late)} ms late`)
  return { ...observer.read(), cpuMs: cpuMs / (perSecond * seconds) }
}

function reportRate({ perSecond, p99, slowest }: Rate, bot: Measured, bare: Measured, context: BenchContext): void {
  const add = (name: string, unit: string, read: (measured: Measured) => number, target?: Target) =>
    context.report({ case: `${perSecond}/s: ${name}`, unit, value: read(bot), baseline: read(bare), target })
  const none: Target = { of: 'value', atMost: 0 }
  add('acknowledgement, median', 'ms', ({ delays }) => delays.percentile(50))
  add('acknowledgement, p99', 'ms', ({ delays }) => delays.percentile(99), p99)
  add('acknowledgement, slowest', 'ms', ({ delays }) => delays.longest, slowest)
  // The processor's time: it says the same on a busy machine.
  add('processor time per request', 'ms', ({ cpuMs }) => cpuMs)
  add('never acknowledged', 'requests', ({ missing }) => missing, none)
  context.report({ case: `${perSecond}/s: answered by work`, unit: 'requests', value: bot.deferred - bot.refusedLater })
  context.report({ case: `${perSecond}/s: refused with a reason`, unit: 'requests', value: bot.refusedAtOnce + bot.refusedLater })
}
