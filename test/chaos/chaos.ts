import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'

import { Bot } from './bot.ts'
import { settingsFor } from './bot-settings.ts'
import { between, type Chance, createChance } from './chance.ts'
import { gatherEvidence } from './evidence.ts'
import { freePort } from './free-port.ts'
import { Fate } from './fault-schedule.ts'
import type { Killings } from './killings.ts'
import { type MadeRequest, makeRequest } from './member.ts'
import type { ChaosOptions } from './options.ts'
import { providers, planRequest } from './request-plan.ts'
import { createPostgresStore, openSqliteStore, type Store } from './store.ts'
import { judge, type Problem, type Verdict } from './verdict.ts'
import { startWorld, type World } from './world.ts'

export interface ChaosReport {
  verdict: Verdict
  killings: Killings
  /** Milliseconds from each kill until the bot was at work again. */
  resumesMs: number[]
  /** How many jobs each provider was asked for. */
  jobsByProvider: Readonly<Record<string, number>>
  problems: Problem[]
  /** Where the bots' logs are, kept where something is wrong. */
  folder: string
}

const providerSpeed = 60
/** So many requests are open at once; more would only make each wait longer. */
const mostOpen = 24
/** When nothing at all changes for so long, what is still open is lost. */
const patienceMs = 90_000

/** Offers a stream of requests, kills bots at random moments and starts them again, waits for every end and judges. */
export async function runChaos(options: ChaosOptions, project: string): Promise<ChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'rushes-chaos-'))
  const store = await openStore(options, folder)
  const world = await startWorld({ seed: options.seed, providerSpeed })
  const publicPort = await freePort()
  const settings = settingsFor(world, store, { providerSpeed, publicPort })
  const bots = await botsFor(options, { project, settings, folder })
  try {
    const fate = new Fate(options, { bots: bots.mortal, store, chance: createChance(options.seed + 2) })
    for (const bot of bots.all) await fate.start(bot)
    const stream = new Stream(world, createChance(options.seed))
    const offering = stream.offer()
    await fate.strike()
    stream.stop()
    await offering
    await stream.ended()
    for (const bot of bots.all) await bot.stop()

    const evidence = await gatherEvidence(stream.requests, { world, store, fate })
    const judged = judge(evidence)
    stream.close()
    const { killings, resumesMs } = fate
    const problems = [...judged.problems, ...bots.all.flatMap((bot) => bot.problems)]
    if (problems.length === 0) rmSync(folder, { recursive: true, force: true })
    const jobsByProvider = Object.fromEntries(providers.map((id) => [id, evidence.orders.filter(({ provider }) => provider === id).length]))
    return { ...judged, problems, killings, resumesMs, jobsByProvider, folder }
  } finally {
    for (const bot of bots.all) await bot.kill()
    await world.stop()
    await store.remove()
  }
}

interface Bots {
  all: Bot[]
  /** Those of which one is killed in each round. */
  mortal: [Bot, ...Bot[]]
}

async function botsFor({ store, workers }: ChaosOptions, common: ConstructorParameters<typeof Bot>[1]): Promise<Bots> {
  const botWith = (name: string, environment: Record<string, string>) =>
    new Bot(name, { ...common, settings: { ...common.settings, environment: { ...common.settings.environment, ...environment } } })
  if (store === 'sqlite') {
    const bot = botWith('bot', {})
    return { all: [bot], mortal: [bot] }
  }
  const gateway = botWith('gateway', { ROLE: 'gateway' })
  // Every process listens where it can; the providers only ever call the gateway's port.
  const ports = await Promise.all(Array.from({ length: workers }, freePort))
  const [first = gateway, ...others] = ports.map((port, index) => botWith(`worker-${index + 1}`, { ROLE: 'worker', PORT: String(port) }))
  return { all: [gateway, first, ...others], mortal: [first, ...others] }
}

function openStore({ store }: ChaosOptions, folder: string): Promise<Store> {
  if (store === 'sqlite') return Promise.resolve(openSqliteStore(folder))
  return createPostgresStore(process.env['CHAOS_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres')
}

/** The members' side of the run. */
class Stream {
  readonly requests: MadeRequest[] = []
  readonly #world: World
  readonly #chance: Chance
  #stopped = false

  constructor(world: World, chance: Chance) {
    this.#world = world
    this.#chance = chance
  }

  /** Makes one request after the other until `stop`. */
  async offer(): Promise<void> {
    let plan = planRequest(1, this.#chance)
    while (!this.#stopped) {
      await wait(between(50, 300, this.#chance))
      if (this.#open().length >= mostOpen) continue
      const made = await makeRequest(plan, this.#world)
      if (!made) continue
      this.requests.push(made)
      plan = planRequest(this.requests.length + 1, this.#chance)
    }
  }

  stop(): void {
    this.#stopped = true
  }

  /** Resolves once every request is over and every job is done, or when nothing changes any more. */
  async ended(): Promise<void> {
    let last = ''
    let changedAt = performance.now()
    for (;;) {
      const orders = await this.#world.orders()
      const open = this.#open()
      const running = orders.filter(({ finishedAt }) => finishedAt === null).length
      const now = JSON.stringify([this.requests.map(({ observer }) => observer.observation), running])
      if (now !== last) changedAt = performance.now()
      last = now
      const quietMs = performance.now() - changedAt
      // What was held may still be told by a late webhook.
      if (open.length === 0 && running === 0 && quietMs > 5000) return
      if (quietMs > patienceMs) return
      await wait(500)
    }
  }

  close(): void {
    for (const { observer } of this.requests) observer.close()
  }

  /** What the member still waits for; where the bot died before it took the request, there is nothing to wait for. */
  #open(): MadeRequest[] {
    return this.requests.filter(({ observer }) => !observer.over && observer.observation !== 'nothing')
  }
}
