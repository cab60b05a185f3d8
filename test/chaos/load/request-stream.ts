import { setTimeout as wait } from 'node:timers/promises'

import type { ChaosSandbox } from '../sandbox/sandbox.ts'
import type { Weather } from '../shared/options.ts'
import { between, type Random } from '../shared/random.ts'
import { type MadeRequest, makeRequest } from './member.ts'
import { type PlannedRequest, planRequest } from './request-plan.ts'
import { planSteady, planWave } from './waves.ts'

/** At most this many requests are open at once; more would only make each of them wait longer. */
const maxOpen = 24
/** If nothing changes for this long, whatever is still open is lost. Longer than the bot waits for anything, its longest retries included. */
const stuckAfterMs = 6 * 60_000
/** A late webhook may still resolve what is held. */
const quietMs = 5000

/** The members' side of the run. */
export class RequestStream {
  readonly requests: MadeRequest[] = []
  readonly #sandbox: ChaosSandbox
  readonly #random: { plan: Random; load: Random }
  readonly #without: ReadonlySet<Weather>
  readonly #stopped = new AbortController()
  /** Planned, but there was no bot to send them to. */
  readonly #unsent: PlannedRequest[] = []
  readonly #sending = new Set<Promise<void>>()
  #planned = 0

  constructor(sandbox: ChaosSandbox, random: { plan: Random; load: Random }, without: ReadonlySet<Weather>) {
    this.#sandbox = sandbox
    this.#random = random
    this.#without = without
  }

  /** Makes one wave of requests after another until `stop`. */
  async run(): Promise<void> {
    const { signal } = this.#stopped
    const isOver = () => signal.aborted
    const pause = (milliseconds: number) => wait(milliseconds, undefined, { signal }).catch(() => undefined)
    while (!isOver()) {
      const { requests, pauseMs, restMs } = (this.#without.has('waves') ? planSteady : planWave)(this.#random.load)
      const making: Promise<void>[] = []
      for (let count = 0; count < requests && !isOver(); count += 1) {
        if (pauseMs) await pause(between(...pauseMs, this.#random.load))
        while (this.#open().length + making.length >= maxOpen && !isOver()) await Promise.all([pause(100), ...making.splice(0)])
        making.push(this.#send())
        if (pauseMs) await Promise.all(making.splice(0))
      }
      await Promise.all(making)
      await pause(Math.max(50, restMs))
    }
  }

  stop(): void {
    this.#stopped.abort()
  }

  /**
   * Resolves once every request has its outcome and every job is finished, or when nothing changes any more.
   * @param unfinished the store's generations that are not over
   */
  async ended(unfinished: () => Promise<readonly string[]>): Promise<void> {
    let last = ''
    let changedAt = performance.now()
    for (;;) {
      const billedJobs = await this.#sandbox.billedJobs()
      const open = this.#open()
      const running = billedJobs.filter(({ finishedAt }) => finishedAt === null).length
      const stored = await unfinished()
      const now = JSON.stringify([this.requests.map(({ observer }) => observer.observation), running, stored])
      if (now !== last) changedAt = performance.now()
      last = now
      const unchangedMs = performance.now() - changedAt
      if (open.length === 0 && running === 0 && stored.length === 0 && unchangedMs > quietMs) return
      if (unchangedMs > stuckAfterMs) return
      await wait(500)
    }
  }

  close(): void {
    for (const { observer } of this.requests) observer.close()
  }

  /** Resolves once Discord has answered every request that is on its way now. */
  async sent(): Promise<void> {
    await Promise.all(this.#sending)
  }

  #send(): Promise<void> {
    const sending = this.#make().finally(() => this.#sending.delete(sending))
    this.#sending.add(sending)
    return sending
  }

  async #make(): Promise<void> {
    const options = { members: this.#sandbox.memberGuilds.length, without: this.#without }
    const plan = this.#unsent.shift() ?? planRequest((this.#planned += 1), this.#random.plan, options)
    const made = await makeRequest(plan, this.#sandbox)
    if (made) this.requests.push(made)
    else this.#unsent.push(plan)
  }

  /** What the member still waits for. If the bot died before it accepted the request, there is nothing to wait for. */
  #open(): MadeRequest[] {
    // Where the card was deleted, only the store says when the request is over.
    return this.requests.filter(({ observer }) => !observer.over && observer.observation !== 'nothing' && observer.observation !== 'gone')
  }
}
