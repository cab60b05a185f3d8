import { setTimeout as wait } from 'node:timers/promises'

import { z } from 'zod'

import { startBareBot } from '../bare/start-bare-bot.ts'
import { startCommunity } from '../bot/members.ts'
import { startProviders } from '../bot/providers.ts'
import { startBot } from '../bot/start-bot.ts'
import type { BenchContext } from '../shared/bench.ts'
import type { Child } from '../shared/child.ts'
import { median } from '../shared/median.ts'
import { nestedCleanup } from '../shared/nested-cleanup.ts'
import { temporaryFolder } from '../shared/stores.ts'

const idleMs = 5000
const mebibyte = 1024 * 1024

interface Process {
  startMs: number
  child: Child
}

interface Start {
  seconds: number
  /** Resident, five seconds later. */
  megabytes: number
}

/** How long a start takes, and how much memory an idle bot needs. The first word is the number of starts. */
export async function benchStart(context: BenchContext): Promise<void> {
  const { words, cleanup } = context
  const runs = Number(words[0] ?? 5)
  const { discord } = await startCommunity({ guilds: 1, membersPerGuild: 1 }, cleanup)
  const providers = await startProviders({ speed: 1, clipBytes: 100_000 }, cleanup)
  const folder = await temporaryFolder(cleanup)
  const bare: Start[] = []
  const bot: Start[] = []
  // The first one of each, which fills the file caches and creates the bot's database, is not counted.
  for (let run = 0; run <= runs; run += 1) {
    const idle = run === 0 ? 0 : idleMs
    bare.push(await measure(idle, nestedCleanup(cleanup), (own) => startBareBot(discord, own)))
    bot.push(await measure(idle, nestedCleanup(cleanup), (own) => startBot({ discord, providers, folder, cleanup: own })))
  }
  for (const each of [bare, bot]) each.shift()
  context.report({
    ...{ case: 'process start to commands', unit: 's', target: { of: 'value', atMost: 0.6 } },
    ...{ value: median(bot.map(({ seconds }) => seconds)), baseline: median(bare.map(({ seconds }) => seconds)) },
  })
  context.report({
    ...{ case: 'resident memory, idle', unit: 'MB', target: { of: 'value', atMost: 150 } },
    ...{ value: median(bot.map(({ megabytes }) => megabytes)), baseline: median(bare.map(({ megabytes }) => megabytes)) },
  })
}

async function measure(
  idleFor: number,
  own: AsyncDisposableStack,
  start: (cleanup: AsyncDisposableStack) => Promise<Process>,
): Promise<Start> {
  await using cleanup = own
  const { startMs, child } = await start(cleanup)
  await wait(idleFor)
  return { seconds: startMs / 1000, megabytes: (await child.ask('residentBytes', undefined, z.number())) / mebibyte }
}
