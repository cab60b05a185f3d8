import { setTimeout as wait } from 'node:timers/promises'

import type { Bot } from '../bot/bot.ts'
import { leaseTimes } from '../bot/bot-settings.ts'
import { OwnerNames } from '../bot/owner-names.ts'
import { between, pick, type Random } from '../shared/random.ts'
import type { ChaosOptions } from '../shared/options.ts'
import type { Contents, Store } from '../shared/store.ts'
import { type IsOwn, KillRecord } from './kill-record.ts'

/** The share of starts without a public URL. Without webhooks, a lost create answer often stays lost. */
const unreachableShare = { sqlite: 0.5, postgres: 0.8 }
/** The share of rounds in which a worker is stalled in the middle of a create call until others take it for dead. */
const stallShare = 0.3
const stallMs = 3 * leaseTimes.expiryMs
const findCreateMs = 10_000
/** By then a resumed bot has noticed that it was taken for dead, and has a new name. */
const findNameMs = 10_000
/** The share of kills that wait for a bot in the state that kills have hit least often: some states last only a moment. */
const aimedShare = 0.5
const findVictimMs = 3000
/** Stalls after the last kill, so that no restart repairs what a resumed worker did too late. */
const lastStalls = 4
/** These providers cannot be asked about a lost create answer, so whoever takes over gives up on the job that the stalled worker may still get. */
const withoutRecovery = new Set(['fal', 'wavespeed', 'eachlabs'])

/** Kills and stalls bots, round after round. */
export class FaultSchedule {
  readonly kills = new KillRecord()
  /** Milliseconds from each kill until the bot was ready again. */
  readonly resumesMs: number[] = []
  /** When a bot that accepts requests was killed, in milliseconds of `performance.now()`: whatever it was about to accept is gone. */
  readonly interruptions: number[] = []
  readonly #options: ChaosOptions
  readonly #bots: readonly [Bot, ...Bot[]]
  readonly #store: Store
  readonly #random: Random
  readonly #owners = new OwnerNames()

  constructor(options: ChaosOptions, { bots, store, random }: { bots: readonly [Bot, ...Bot[]]; store: Store; random: Random }) {
    this.#options = options
    this.#bots = bots
    this.#store = store
    this.#random = random
  }

  async start(bot: Bot): Promise<void> {
    await bot.start({ without: this.#random() < unreachableShare[this.#options.store] ? ['PUBLIC_URL'] : [] })
    const { owners } = await this.#store.read()
    this.#owners.learn(bot, owners)
  }

  async run(): Promise<void> {
    for (let round = 1; round <= this.#options.rounds; round += 1) {
      await wait(between(300, 2500, this.#random))
      if (this.#bots.length > 1 && this.#random() < stallShare) await this.#stall(round)
      await this.#kill(round)
    }
    for (let count = 0; count < lastStalls && this.#bots.length > 1; count += 1) await this.#stall(this.#options.rounds)
  }

  async #kill(round: number): Promise<void> {
    const bot = (this.#random() < aimedShare ? await this.#findVictim() : undefined) ?? pick(this.#bots, this.#random)
    const killedAt = performance.now()
    await bot.kill()
    // On PostgreSQL only workers are killed; the gateway accepts the requests and never has a reason to drop one.
    if (this.#options.store === 'sqlite') this.interruptions.push(killedAt)
    const contents = await this.#store.read()
    this.kills.record(contents, this.#ownedBy(bot))
    this.#owners.see(contents.owners)
    await this.start(bot)
    const resumeMs = Math.round(performance.now() - killedAt)
    this.resumesMs.push(resumeMs)
    console.error(`round ${round}: ${bot.name} was killed and is back after ${resumeMs} ms`)
  }

  async #findVictim(): Promise<Bot | undefined> {
    const state = this.kills.rarest
    const deadline = performance.now() + findVictimMs
    while (performance.now() < deadline) {
      const { generations } = await this.#store.read()
      const bot = this.#bots.find((each) => generations.some((generation) => generation.state === state && this.#ownedBy(each)(generation)))
      if (bot) return bot
    }
    return undefined
  }

  /** Stalls a worker in the middle of a create call until others take it for dead, then resumes it. */
  async #stall(round: number): Promise<void> {
    const deadline = performance.now() + findCreateMs
    while (performance.now() < deadline) {
      const contents = await this.#store.read()
      const bot = this.#bots.find((each) => isCreating(contents, this.#ownedBy(each)))
      if (!bot) continue
      bot.stall()
      this.kills.noteCreates(await this.#store.read(), this.#ownedBy(bot))
      await wait(stallMs)
      this.#owners.see((await this.#store.read()).owners)
      bot.resume()
      await this.#learnNewName(bot)
      console.error(`round ${round}: ${bot.name} was stalled for ${stallMs} ms in the middle of a create call`)
      return
    }
  }

  async #learnNewName(bot: Bot): Promise<void> {
    const deadline = performance.now() + findNameMs
    while (performance.now() < deadline) {
      const { owners } = await this.#store.read()
      if (this.#owners.learn(bot, owners)) return
    }
    console.error(`${bot.name} continued under its old name`)
  }

  /** On SQLite one bot owns everything. */
  #ownedBy(bot: Bot): IsOwn {
    if (this.#options.store === 'sqlite') return () => true
    const names = this.#owners.of(bot)
    // A queued generation has no owner; no kill may lose it.
    return ({ owner, state }) => state === 'queued' || (owner !== null && names.has(owner))
  }
}

function isCreating({ generations, attempts }: Contents, isOwn: IsOwn): boolean {
  const own = new Set(
    generations
      .filter((generation) => generation.state === 'submitting' && withoutRecovery.has(generation.provider) && isOwn(generation))
      .map(({ id }) => id),
  )
  return attempts.some(({ generationId, state }) => state === 'sent' && own.has(generationId))
}
