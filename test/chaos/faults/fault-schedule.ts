import { setTimeout as wait } from 'node:timers/promises'

import type { Bot } from '../bot/bot.ts'
import { OwnerNames } from '../bot/owner-names.ts'
import type { RequestStream } from '../load/request-stream.ts'
import type { ChaosOptions, Weather } from '../shared/options.ts'
import { between, createRandom, pick, type Random } from '../shared/random.ts'
import type { Store } from '../shared/store.ts'
import { breakConnections } from './connections.ts'
import { Disruptions } from './disruptions.ts'
import { type IsOwn, KillRecord } from './kill-record.ts'
import { stallWorker } from './stall.ts'

/** The share of starts without a public URL. Without webhooks, a lost create answer often stays lost. */
const unreachableShare = { sqlite: 0.5, postgres: 0.8 }
/** The share of ends by SIGTERM instead of SIGKILL. */
const stopShare = 0.3
/** The share of ends that hit the gateway, where that is a process of its own. */
const gatewayShare = 0.2
/** The share of rounds in which connections to the store are broken. */
const breakShare = 0.4
/** The share of rounds in which a worker is stalled in the middle of a create call until others take it for dead. */
const stallShare = 0.15
/** The share of ends that wait for a bot in the state that they have hit least often: some states last only a moment. */
const aimedShare = 0.5
const findVictimMs = 3000
/** Stalls after the last end, so that no restart repairs what a resumed worker did too late. */
const lastStalls = 2

/** The bots by what they do. On SQLite one bot does everything. */
export interface Bots {
  /** Accepts requests. */
  gateway: Bot
  /** Run generations. */
  workers: readonly [Bot, ...Bot[]]
}

/** Kills, stops and stalls bots and breaks their connections, round after round. */
export class FaultSchedule {
  readonly kills = new KillRecord()
  /** Milliseconds from each end until the bot was ready again. */
  readonly resumesMs: number[] = []
  readonly disruptions: Disruptions
  /** How often something happened, by its name. */
  readonly counts: Partial<Record<string, number>> = {}
  readonly #options: ChaosOptions
  readonly #bots: Bots
  readonly #store: Store
  /** Resolves once no request is on its way to Discord. */
  readonly #sent: () => Promise<void>
  /** One sequence for each subject, so that leaving one out changes no other. */
  readonly #random: Record<'pause' | 'start' | 'end' | 'stall' | 'break', Random>
  readonly #owners = new OwnerNames()

  constructor(
    options: ChaosOptions,
    { bots, store, stream }: { bots: Bots; store: Store; stream: Pick<RequestStream, 'requests' | 'sent'> },
  ) {
    this.#options = options
    this.#bots = bots
    this.#store = store
    this.disruptions = new Disruptions(stream.requests)
    this.#sent = () => stream.sent()
    const random = (number: number) => createRandom(1000 * options.seed + number)
    this.#random = { pause: random(1), start: random(2), end: random(3), stall: random(4), break: random(5) }
  }

  async start(bot: Bot): Promise<void> {
    await bot.start({ without: this.#random.start() < unreachableShare[this.#options.store] ? ['PUBLIC_URL'] : [] })
    const { owners } = await this.#store.read()
    this.#owners.learn(bot, owners)
  }

  async run(): Promise<void> {
    const { pause, stall, break: breaks } = this.#random
    for (let round = 1; round <= this.#options.rounds; round += 1) {
      await wait(between(300, 2500, pause))
      if (stall() < stallShare) await this.#stall(round)
      if (breaks() < breakShare) await this.#break(round)
      await this.#end(round)
    }
    for (let count = 0; count < lastStalls; count += 1) await this.#stall(this.#options.rounds)
  }

  /** Ends one bot and starts it again. */
  async #end(round: number): Promise<void> {
    const { bot, how } = await this.#chooseEnd()
    const accepts = bot === this.#bots.gateway
    if (accepts) await this.disruptions.answered(() => this.#store.read())
    const beginning = this.disruptions.begin()
    await (how === 'killed' ? bot.kill() : bot.stop())
    const to = Date.now()
    const contents = await this.#store.readSettled()
    this.kills.record(contents, this.#ownedBy(bot), this.#mayOwn(bot))
    this.#owners.see(contents.owners)
    await this.start(bot)
    await this.#sent()
    if (accepts) this.disruptions.note(how, { ...beginning, to }, contents)
    this.resumesMs.push(Date.now() - to)
    this.#report(round, `${bot.name} was ${how} and is back after ${Date.now() - to} ms`, accepts ? [how, 'gateway ended'] : [how])
  }

  async #chooseEnd(): Promise<{ bot: Bot; how: 'killed' | 'stopped' }> {
    const { gateway, workers } = this.#bots
    const random = this.#random.end
    const [isStop, isGateway, isAimed, other] = [
      random() < stopShare,
      random() < gatewayShare,
      random() < aimedShare,
      pick(workers, random),
    ]
    const how = isStop && this.#has('stops') ? 'stopped' : 'killed'
    if (isGateway && this.#has('gateways')) return { bot: gateway, how }
    return { bot: (isAimed ? await this.#findVictim() : undefined) ?? other, how }
  }

  async #findVictim(): Promise<Bot | undefined> {
    const state = this.kills.rarest
    const deadline = Date.now() + findVictimMs
    while (Date.now() < deadline) {
      const { generations } = await this.#store.read()
      const isIn = (bot: Bot) => generations.some((generation) => generation.state === state && this.#ownedBy(bot)(generation))
      const bot = this.#bots.workers.find(isIn)
      if (bot) return bot
    }
    return undefined
  }

  async #break(round: number): Promise<void> {
    const url = this.#store.environment['DATABASE_URL']
    if (url === undefined || !this.#has('connections')) return
    const beginning = this.disruptions.begin()
    const count = await breakConnections(url, this.#random.break)
    const to = Date.now()
    const contents = await this.#store.read()
    this.kills.noteCreates(contents, () => true)
    // What was accepted in the meantime met no disruption that matters.
    await this.#sent()
    this.disruptions.note('disconnected', { ...beginning, to }, contents)
    this.#report(round, `${count} connections to the store were broken`, ['disconnected'])
  }

  async #stall(round: number): Promise<void> {
    const { workers } = this.#bots
    if (workers.length < 2 || !this.#has('stalls')) return
    const stalled = await stallWorker(workers, {
      store: this.#store,
      owners: this.#owners,
      ownedBy: (bot) => this.#ownedBy(bot),
      onStalled: (bot, contents) => this.kills.noteCreates(contents, this.#mayOwn(bot)),
    })
    if (stalled) this.#report(round, `${stalled.name} was stalled in the middle of a create call`, ['stalled'])
  }

  #report(round: number, event: string, names: readonly string[]): void {
    for (const name of names) this.counts[name] = (this.counts[name] ?? 0) + 1
    console.error(`round ${round}: ${event}`)
  }

  #has(weather: Weather): boolean {
    return !this.#options.without.has(weather)
  }

  /** On SQLite one bot owns everything. */
  #ownedBy(bot: Bot): IsOwn {
    if (this.#options.store === 'sqlite') return () => true
    const names = this.#owners.of(bot)
    // A queued generation has no owner; no end may lose it.
    return ({ owner, state }) => state === 'queued' || (owner !== null && names.has(owner))
  }

  /** After lost connections a worker may have a new name that is not known yet. */
  #mayOwn(bot: Bot): IsOwn {
    const others = [this.#bots.gateway, ...this.#bots.workers].filter((other) => other !== bot)
    return ({ owner }) => owner !== null && !others.some((other) => this.#owners.of(other).has(owner))
  }
}
