import { setTimeout as wait } from 'node:timers/promises'

import type { ChaosSandbox } from '../sandbox/sandbox.ts'
import { type MadeRequest, makeRequest } from './member.ts'
import { between, type Random } from '../shared/random.ts'
import { planRequest } from './request-plan.ts'

/** At most this many requests are open at once; more would only make each of them wait longer. */
const maxOpen = 24
/** If nothing changes for this long, whatever is still open is lost. */
const stuckAfterMs = 90_000

/** The members' side of the run. */
export class RequestStream {
  readonly requests: MadeRequest[] = []
  readonly #sandbox: ChaosSandbox
  readonly #random: Random
  #stopped = false

  constructor(sandbox: ChaosSandbox, random: Random) {
    this.#sandbox = sandbox
    this.#random = random
  }

  /** Makes one request after another until `stop`. */
  async run(): Promise<void> {
    let plan = planRequest(1, this.#random)
    while (!this.#stopped) {
      await wait(between(50, 300, this.#random))
      if (this.#open().length >= maxOpen) continue
      const made = await makeRequest(plan, this.#sandbox)
      if (!made) continue
      this.requests.push(made)
      plan = planRequest(this.requests.length + 1, this.#random)
    }
  }

  stop(): void {
    this.#stopped = true
  }

  /** Resolves once every request has its outcome and every job is finished, or when nothing changes any more. */
  async ended(): Promise<void> {
    let last = ''
    let changedAt = performance.now()
    for (;;) {
      const billedJobs = await this.#sandbox.billedJobs()
      const open = this.#open()
      const running = billedJobs.filter(({ finishedAt }) => finishedAt === null).length
      const now = JSON.stringify([this.requests.map(({ observer }) => observer.observation), running])
      if (now !== last) changedAt = performance.now()
      last = now
      const quietMs = performance.now() - changedAt
      // A late webhook may still resolve what is held.
      if (open.length === 0 && running === 0 && quietMs > 5000) return
      if (quietMs > stuckAfterMs) return
      await wait(500)
    }
  }

  close(): void {
    for (const { observer } of this.requests) observer.close()
  }

  /** What the member still waits for. If the bot died before it accepted the request, there is nothing to wait for. */
  #open(): MadeRequest[] {
    return this.requests.filter(({ observer }) => !observer.over && observer.observation !== 'nothing')
  }
}
