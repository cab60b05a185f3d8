import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { Bot } from './bot/bot.ts'
import { settingsFor } from './bot/bot-settings.ts'
import { freePort } from './shared/free-port.ts'
import { FaultSchedule } from './faults/fault-schedule.ts'
import type { KillRecord } from './faults/kill-record.ts'
import { createRandom } from './shared/random.ts'
import { providers } from './load/request-plan.ts'
import { RequestStream } from './load/request-stream.ts'
import type { ChaosOptions } from './shared/options.ts'
import { startSandbox } from './sandbox/sandbox.ts'
import { gatherEvidence } from './verdict/evidence.ts'
import { createPostgresStore, openSqliteStore, type Store } from './shared/store.ts'
import { judge, type Problem, type Verdict } from './verdict/verdict.ts'

export interface ChaosReport {
  verdict: Verdict
  kills: KillRecord
  /** Milliseconds from each kill until the bot was ready again. */
  resumesMs: number[]
  /** How many jobs each provider was asked for. */
  jobsByProvider: Readonly<Record<string, number>>
  problems: Problem[]
  /** Holds the bots' logs; kept if there are problems. */
  folder: string
}

const providerSpeed = 60

/** Makes a stream of requests, kills bots at random moments and restarts them, waits for every outcome and judges. */
export async function runChaos(options: ChaosOptions, project: string): Promise<ChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-chaos-'))
  const store = await openStore(options, folder)
  const sandbox = await startSandbox({ seed: options.seed, providerSpeed })
  const publicPort = await freePort()
  const settings = settingsFor(sandbox, store, { providerSpeed, publicPort })
  const bots = await createBots(options, { project, settings, folder })
  try {
    const schedule = new FaultSchedule(options, { bots: bots.killable, store, random: createRandom(options.seed + 2) })
    for (const bot of bots.all) await schedule.start(bot)
    const stream = new RequestStream(sandbox, createRandom(options.seed))
    const requesting = stream.run()
    await schedule.run()
    stream.stop()
    await requesting
    await stream.ended()
    for (const bot of bots.all) await bot.stop()

    const evidence = await gatherEvidence(stream.requests, { sandbox, store, schedule })
    const judged = judge(evidence)
    stream.close()
    const { kills, resumesMs } = schedule
    const problems = [...judged.problems, ...bots.all.flatMap((bot) => bot.problems)]
    if (problems.length === 0) rmSync(folder, { recursive: true, force: true })
    const jobsByProvider = Object.fromEntries(
      providers.map((id) => [id, evidence.billedJobs.filter(({ provider }) => provider === id).length]),
    )
    return { ...judged, problems, kills, resumesMs, jobsByProvider, folder }
  } finally {
    for (const bot of bots.all) await bot.kill()
    await sandbox.stop()
    await store.remove()
  }
}

interface Bots {
  all: Bot[]
  /** One of these is killed in each round. */
  killable: [Bot, ...Bot[]]
}

async function createBots({ store, workers }: ChaosOptions, common: ConstructorParameters<typeof Bot>[1]): Promise<Bots> {
  const botWith = (name: string, environment: Record<string, string>) =>
    new Bot(name, { ...common, settings: { ...common.settings, environment: { ...common.settings.environment, ...environment } } })
  if (store === 'sqlite') {
    const bot = botWith('bot', {})
    return { all: [bot], killable: [bot] }
  }
  const gateway = botWith('gateway', { ROLE: 'gateway' })
  // Every process needs a port of its own; the providers only call the gateway's.
  const ports = await Promise.all(Array.from({ length: workers }, freePort))
  const [first = gateway, ...others] = ports.map((port, index) => botWith(`worker-${index + 1}`, { ROLE: 'worker', PORT: String(port) }))
  return { all: [gateway, first, ...others], killable: [first, ...others] }
}

function openStore({ store }: ChaosOptions, folder: string): Promise<Store> {
  if (store === 'sqlite') return Promise.resolve(openSqliteStore(folder))
  return createPostgresStore(process.env['CHAOS_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres')
}
