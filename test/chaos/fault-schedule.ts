import { setTimeout as wait } from 'node:timers/promises'

import type { Bot } from './bot.ts'
import { leaseTimes } from './bot-settings.ts'
import { between, type Chance, pick } from './chance.ts'
import { Killings, type Own } from './killings.ts'
import type { ChaosOptions } from './options.ts'
import { OwnerNames } from './owner-names.ts'
import type { Contents, Store } from './store.ts'

/** How often a bot is started where no provider can reach it: there an answer that was lost often stays lost. */
const unreachableShare = { sqlite: 0.5, postgres: 0.8 }
/** How often, where several share the work, one of them is stopped in the middle of a create call until others take it for dead. */
const stallShare = 0.3
const stallMs = 3 * leaseTimes.expiryMs
const lookForCreateMs = 10_000
/** Within this time a bot that goes on has seen that it was taken for dead, and has a new name. */
const lookForNameMs = 10_000
/** How often a kill waits for a bot that is at what was met most seldom so far: some states last for a moment only. */
const aimedShare = 0.5
const lookForVictimMs = 3000
/** After the last kill, so that nobody's death mends what a worker did that woke too late. */
const lastStalls = 4
/** The providers that cannot be asked what became of a create call: whoever takes over lets go of the job, which the sleeper may have got after all. */
const forgetful = new Set(['fal', 'wavespeed', 'eachlabs'])

/** What befalls the bots, round after round. */
export class Fate {
  readonly killings = new Killings()
  /** Milliseconds from each kill until the bot was at work again. */
  readonly resumesMs: number[] = []
  /** When a bot died that takes requests, in milliseconds of `performance.now()`: what it was about to accept is gone with it. */
  readonly interruptions: number[] = []
  readonly #options: ChaosOptions
  readonly #bots: readonly [Bot, ...Bot[]]
  readonly #store: Store
  readonly #chance: Chance
  readonly #owners = new OwnerNames()

  constructor(options: ChaosOptions, { bots, store, chance }: { bots: readonly [Bot, ...Bot[]]; store: Store; chance: Chance }) {
    this.#options = options
    this.#bots = bots
    this.#store = store
    this.#chance = chance
  }

  async start(bot: Bot): Promise<void> {
    await bot.start({ without: this.#chance() < unreachableShare[this.#options.store] ? ['PUBLIC_URL'] : [] })
    const { owners } = await this.#store.read()
    this.#owners.learn(bot, owners)
  }

  /** Kills, and sometimes stalls, until every round is over. */
  async strike(): Promise<void> {
    for (let round = 1; round <= this.#options.rounds; round += 1) {
      await wait(between(300, 2500, this.#chance))
      if (this.#bots.length > 1 && this.#chance() < stallShare) await this.#stall(round)
      await this.#kill(round)
    }
    for (let count = 0; count < lastStalls && this.#bots.length > 1; count += 1) await this.#stall(this.#options.rounds)
  }

  async #kill(round: number): Promise<void> {
    const bot = (this.#chance() < aimedShare ? await this.#findVictim() : undefined) ?? pick(this.#bots, this.#chance)
    const killedAt = performance.now()
    await bot.kill()
    // On PostgreSQL only workers are killed: the gateway takes the requests, and never has a reason to drop one.
    if (this.#options.store === 'sqlite') this.interruptions.push(killedAt)
    const contents = await this.#store.read()
    this.killings.record(contents, this.#holdings(bot))
    this.#owners.see(contents.owners)
    await this.start(bot)
    const resumeMs = Math.round(performance.now() - killedAt)
    this.resumesMs.push(resumeMs)
    console.error(`round ${round}: ${bot.name} was killed and is back after ${resumeMs} ms`)
  }

  async #findVictim(): Promise<Bot | undefined> {
    const state = this.killings.rarest
    const deadline = performance.now() + lookForVictimMs
    while (performance.now() < deadline) {
      const { generations } = await this.#store.read()
      const bot = this.#bots.find((each) =>
        generations.some((generation) => generation.state === state && this.#holdings(each)(generation)),
      )
      if (bot) return bot
    }
    return undefined
  }

  /** One worker stands still in the middle of a create call, is taken for dead, and wakes. */
  async #stall(round: number): Promise<void> {
    const deadline = performance.now() + lookForCreateMs
    while (performance.now() < deadline) {
      const contents = await this.#store.read()
      const bot = this.#bots.find((each) => isCreating(contents, this.#holdings(each)))
      if (!bot) continue
      bot.stall()
      this.killings.note(await this.#store.read(), this.#holdings(bot))
      await wait(stallMs)
      this.#owners.see((await this.#store.read()).owners)
      bot.goOn()
      await this.#learnNewName(bot)
      console.error(`round ${round}: ${bot.name} stood still for ${stallMs} ms in the middle of a create call`)
      return
    }
  }

  async #learnNewName(bot: Bot): Promise<void> {
    const deadline = performance.now() + lookForNameMs
    while (performance.now() < deadline) {
      const { owners } = await this.#store.read()
      if (this.#owners.learn(bot, owners)) return
    }
    console.error(`${bot.name} went on under its old name`)
  }

  /** What the bot has in its hands; on SQLite that is everything. */
  #holdings(bot: Bot): Own {
    if (this.#options.store === 'sqlite') return () => true
    const own = this.#owners.of(bot)
    // Nobody holds what waits; whoever dies, it must not be lost.
    return ({ owner, state }) => state === 'queued' || (owner !== null && own.has(owner))
  }
}

function isCreating({ generations, attempts }: Contents, own: Own): boolean {
  const mine = new Set(
    generations
      .filter((generation) => generation.state === 'submitting' && forgetful.has(generation.provider) && own(generation))
      .map(({ id }) => id),
  )
  return attempts.some(({ generationId, state }) => state === 'sent' && mine.has(generationId))
}
