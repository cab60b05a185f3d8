import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Bot } from './bot/bot.ts'
import { settingsFor } from './bot/bot-settings.ts'
import { type Bots, FaultSchedule } from './faults/fault-schedule.ts'
import type { KillRecord } from './faults/kill-record.ts'
import { RequestStream } from './load/request-stream.ts'
import { type ChaosSandbox, startSandbox } from './sandbox/sandbox.ts'
import { freePort } from './shared/free-port.ts'
import type { ChaosOptions } from './shared/options.ts'
import { createRandom } from './shared/random.ts'
import { createPostgresStore, openSqliteStore, type Store } from './shared/store.ts'
import type { Evidence, Problem } from './verdict/evidence.ts'
import { gatherEvidence } from './verdict/gather-evidence.ts'
import { judge, type Verdict } from './verdict/verdict.ts'

export interface ChaosReport {
  verdict: Verdict
  kills: KillRecord
  /** Milliseconds from each end of a bot until it was ready again. */
  resumesMs: number[]
  /** How often each fault of the schedule happened. */
  counts: Readonly<Partial<Record<string, number>>>
  evidence: Evidence
  problems: Problem[]
  /** Holds the bots' logs and the evidence; kept if there are problems. */
  folder: string
}

const providerSpeed = 60
/** In micro-dollars: soon spent. */
const smallBudget = 3_500_000

/** Makes a stream of requests, ends bots at random moments and restarts them, waits for every outcome and judges. */
export async function runChaos(options: ChaosOptions, project: string): Promise<ChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-chaos-'))
  const store = await openStore(options, folder)
  const sandbox = await startSandbox({ seed: options.seed, providerSpeed, discordFaults: !options.without.has('discord') })
  const publicPort = await freePort()
  const settings = settingsFor(sandbox, store, { providerSpeed, publicPort })
  const bots = await createBots(options, { project, settings, folder })
  const all = [...new Set([bots.gateway, ...bots.workers])]
  const random = { plan: createRandom(options.seed), load: createRandom(options.seed + 4) }
  const stream = new RequestStream(sandbox, random, options.without)
  try {
    const schedule = new FaultSchedule(options, { bots, store, stream })
    for (const bot of all) await schedule.start(bot)
    const guildBudgets = await limitBudgets(options, { sandbox, store })
    const requesting = stream.run()
    await schedule.run()
    stream.stop()
    await requesting
    await stream.ended(async () => unfinishedIn(await store.read()))
    for (const bot of all) await bot.stop()

    const evidence = await gatherEvidence(stream.requests, { sandbox, store, schedule, guildBudgets })
    const judged = judge(evidence)
    const { kills, resumesMs, counts, disruptions } = schedule
    const silent = [...disruptions.silent].map(({ mark }) => `${mark} got no answer for a minute, although its bot lived`)
    const problems = [...judged.problems, ...silent, ...all.flatMap((bot) => bot.problems)]
    if (problems.length === 0) rmSync(folder, { recursive: true, force: true })
    else writeFileSync(join(folder, 'evidence.json'), JSON.stringify(evidence, undefined, 1))
    return { ...judged, problems, kills, resumesMs, counts, evidence, folder }
  } finally {
    stream.stop()
    stream.close()
    for (const bot of all) await bot.kill()
    await sandbox.stop()
    await store.remove()
  }
}

/** The last guild can soon pay no more. */
async function limitBudgets(
  { without }: ChaosOptions,
  { sandbox, store }: { sandbox: ChaosSandbox; store: Store },
): Promise<Map<string, number>> {
  const guild = sandbox.guilds.at(-1)
  if (!guild || without.has('budget')) return new Map()
  const settings = JSON.stringify({ value: { budgets: { day: smallBudget } } })
  await store.write(`insert into keyv (key, value) values ('guild-settings:${guild.id}', '${settings}')`)
  return new Map([[guild.id, smallBudget]])
}

/** What is not over and not held, with its state. */
function unfinishedIn({ generations }: Evidence['contents']): string[] {
  const isUnfinished = ({ state }: { state: string }) => ['queued', 'submitting', 'rendering', 'delivering'].includes(state)
  return generations.filter(isUnfinished).map(({ id, state }) => `${id} ${state}`)
}

async function createBots({ store, workers }: ChaosOptions, common: ConstructorParameters<typeof Bot>[1]): Promise<Bots> {
  const botWith = (name: string, environment: Record<string, string>) =>
    new Bot(name, { ...common, settings: { ...common.settings, environment: { ...common.settings.environment, ...environment } } })
  if (store === 'sqlite') {
    const bot = botWith('bot', {})
    return { gateway: bot, workers: [bot] }
  }
  const gateway = botWith('gateway', { ROLE: 'gateway' })
  // Every process needs a port of its own; the providers only call the gateway's.
  const ports = await Promise.all(Array.from({ length: workers }, freePort))
  const [first = gateway, ...others] = ports.map((port, index) => botWith(`worker-${index + 1}`, { ROLE: 'worker', PORT: String(port) }))
  return { gateway, workers: [first, ...others] }
}

function openStore({ store }: ChaosOptions, folder: string): Promise<Store> {
  if (store === 'sqlite') return Promise.resolve(openSqliteStore(folder))
  return createPostgresStore(process.env['CHAOS_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres')
}
