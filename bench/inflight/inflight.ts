import { setTimeout as wait } from 'node:timers/promises'

import { z } from 'zod'

import { createNetwork } from '../../src/network/network.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { providerDescriptors } from '../../src/providers/registry.ts'
import { freePort } from '../../test/support/network/free-ports.ts'
import { startCommunity } from '../bot/members.ts'
import { type Providers, startProviders } from '../bot/providers.ts'
import { type BotProcess, startBot } from '../bot/start-bot.ts'
import type { BenchContext } from '../shared/bench.ts'
import type { Target } from '../shared/measurement.ts'
import { nestedCleanup } from '../shared/nested-cleanup.ts'
import { temporaryFolder } from '../shared/stores.ts'
import { countEdits, type EditCount } from './card-edits.ts'
import { fillStore } from './fill-store.ts'
import { openInteractions } from './open-interactions.ts'

/** What the process needs once, for instance for compiled code, is there with so many clips already. */
const few = 100
const guilds = { guilds: 200, membersPerGuild: 10 }
const mebibyte = 1024 * 1024
/** The bot token's calls in a second, by Discord's documentation. */
const globalLimit = 50
/** By then the bot has asked about every clip that it took over; if not, it is measured while it does. */
const settledAfterMs = 30_000

const Memory = z.object({ heapBytes: z.number(), residentBytes: z.number() })
const Lateness = z.object({ p50: z.number(), p99: z.number(), longest: z.number() })

interface Crowd {
  clips: number
  targets: Partial<Record<'heap' | 'edits' | 'warnings' | 'delay' | 'resident', Target>>
}

const atMost = (limit: number): Target => ({ of: 'value', atMost: limit })
const crowds: readonly Crowd[] = [
  { clips: 1000, targets: { heap: atMost(20), edits: atMost(globalLimit), warnings: atMost(0) } },
  { clips: 10_000, targets: { delay: atMost(50), resident: atMost(500) } },
]

/** What clips in flight cost the bot. The words are the seconds to watch and then the numbers of clips. */
export async function benchInFlight(context: BenchContext): Promise<void> {
  const [seconds = 20, ...clips] = context.words.map(Number)
  const base = await measure(few, 0, context)
  for (const crowd of clips.length > 0 ? clips.map((each) => ({ clips: each, targets: {} })) : crowds) {
    reportCrowd(crowd, await measure(crowd.clips, seconds, context), base, context)
  }
}

interface InFlight extends EditCount {
  clips: number
  heapBytes: number
  residentBytes: number
  loop: z.infer<typeof Lateness>
  rateLimitLines: number
}

/** Starts a bot on a store with so many clips in flight, none of which finishes, and watches it for some seconds. */
async function measure(clips: number, seconds: number, context: BenchContext): Promise<InFlight> {
  await using cleanup = nestedCleanup(context.cleanup)
  const community = await startCommunity(guilds, cleanup)
  const providers = await startProviders({ speed: 1e6, clipBytes: 100_000, neverFinish: true }, cleanup)
  const folder = await temporaryFolder(cleanup)
  const port = await freePort([])
  const publicUrl = `http://127.0.0.1:${port}`
  // Deferring thousands of interactions in place of the bot may take longer than Discord's three seconds.
  community.discord.clock.freeze()
  const begunAt = performance.now()
  const interactions = await openInteractions(community, clips)
  await fillStore(interactions, { folder, publicUrl, providers: createAdapters(providers, cleanup) })
  context.note(`${clips} clips were ordered and stored in ${Math.round((performance.now() - begunAt) / 1000)} s`)

  const readEdits = countEdits(community.discord)
  const environment = { PUBLIC_URL: publicUrl, PORT: String(port) }
  const bot = await startBot({ discord: community.discord, providers, folder, environment, execArgv: ['--expose-gc'], cleanup })
  await settle(clips, providers)
  await bot.child.ask('watchLoop', undefined, z.unknown())
  await wait(seconds * 1000)
  const loop = await bot.child.ask('readLoop', undefined, Lateness)
  const residentBytes = await bot.child.ask('residentBytes', undefined, z.number())
  const edits = readEdits()
  const { heapBytes } = await bot.child.ask('memory', undefined, Memory)
  return { clips, heapBytes, residentBytes, loop, ...edits, rateLimitLines: countRateLimitLines(bot) }
}

/** Our own adapters without the limit of calls that the bot sets itself. */
function createAdapters({ keys, origins }: Providers, cleanup: AsyncDisposableStack): Provider[] {
  const network = createNetwork({ allowPrivateAddresses: true })
  cleanup.defer(() => network.close())
  return providerDescriptors.map((descriptor) => {
    const { id, keyVariable } = descriptor
    // Its own options have no effect on the job.
    const options = { RUNWARE_OUTPUT_QUALITY: 95, RUNWARE_SAFETY: 'none' }
    return descriptor.create({ apiKey: keys[keyVariable] ?? '', origins: origins[id] ?? {}, options }, { network })
  })
}

/** The bot reads the state of every clip that it adopts. */
async function settle(clips: number, { child }: Providers): Promise<void> {
  const until = performance.now() + settledAfterMs
  while (performance.now() < until && (await child.ask('countStatusCalls', undefined, z.number())) < clips) await wait(500)
}

/** Lines at the level of warnings or above that speak of a rate limit. */
function countRateLimitLines(bot: BotProcess): number {
  return bot
    .output()
    .split('\n')
    .filter((line) => /"level":[456]0/.test(line) && /rate.?limit/i.test(line)).length
}

function reportCrowd({ clips, targets }: Crowd, measured: InFlight, base: InFlight, context: BenchContext): void {
  const add = (name: string, unit: string, value: number, target?: Target) =>
    context.report({ case: `${clips} clips: ${name}`, unit, value, target })
  add('heap for each', 'kB', (measured.heapBytes - base.heapBytes) / 1000 / (clips - few), targets.heap)
  add('resident memory', 'MB', measured.residentBytes / mebibyte, targets.resident)
  add('event loop delay, p99', 'ms', measured.loop.p99, targets.delay)
  add('event loop delay, longest', 'ms', measured.loop.longest)
  add('card edits in the busiest second', 'edits', measured.busiestSecond, targets.edits)
  add('card edits', 'edits', measured.edits)
  add('warnings of rate limits', 'lines', measured.rateLimitLines, targets.warnings)
}
