import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import type { PlannedFault } from '../simulation/faults.ts'
import { Gate } from './gate.ts'
import type { BillingReason, Invoice } from './invoice.ts'
import { isFinished, type Job, type JobOrder, type JobState } from './job.ts'
import { JobFailed, performJob, type JobEnvironment } from './perform-job.ts'
import { type Prices, priceOf } from './prices.ts'
import { Slots } from './slots.ts'

export interface JobsContext extends JobEnvironment {
  prices: Prices
  invoice: Invoice
}

export interface SubmitOptions {
  /** The provider's own form of id; a UUID unless given. */
  id?: string
  faults: ReadonlySet<PlannedFault>
  /** Virtual milliseconds after which a job that has not finished is ended. */
  deadlineMs?: number | undefined
}

/** The reason with which a job's work is aborted; its state says more. */
class Ended extends Error {
  override readonly name = 'Ended'
}

/**
 * The jobs of one provider, the same behind every wire format: they queue, run for their virtual time, and end when that has passed
 * and the clip is rendered. Each is billed at its end.
 */
export class Jobs {
  readonly #context: JobsContext
  readonly #jobs = new Map<string, Job>()
  readonly #work = new Map<Job, { ended: AbortController; hurry: AbortController }>()
  readonly #gates = { start: new Gate(), completion: new Gate() }
  readonly #slots: Slots
  // Each open response listens, and clients may open any number of them.
  readonly #events = new EventEmitter<{ change: [Job] }>().setMaxListeners(0)
  readonly #closed = new AbortController()

  constructor(context: JobsContext) {
    this.#context = context
    this.#slots = new Slots(() => context.behavior.concurrency)
  }

  submit(order: JobOrder, { id = randomUUID(), faults, deadlineMs }: SubmitOptions): Job {
    const job: Job = { id, order, createdAt: this.#context.clock.now(), faults, state: 'queued' }
    const work = { ended: new AbortController(), hurry: new AbortController() }
    this.#jobs.set(id, job)
    this.#work.set(job, work)
    void this.#run(job, work)
    if (deadlineMs !== undefined) {
      const end = () => {
        if (!isFinished(job)) this.#finish(job, job.state === 'queued' ? 'aborted' : 'cancelled')
      }
      // Rejects when the job ends first.
      this.#context.clock.sleep(deadlineMs, work.ended.signal).then(end, () => undefined)
    }
    this.#events.emit('change', job)
    return job
  }

  get(id: string): Job | undefined {
    return this.#jobs.get(id)
  }

  /** In the order in which they were submitted. */
  list(): Job[] {
    return [...this.#jobs.values()]
  }

  /** The number of jobs ahead of this one in the queue. */
  positionOf(job: Job): number {
    const queue = this.list().filter(({ state }) => state === 'queued')
    return Math.max(0, queue.indexOf(job))
  }

  /** Cancels as the provider's behavior says; `too-late` if the job has ended, or completes instead. */
  async cancel(job: Job): Promise<'accepted' | 'too-late'> {
    if (isFinished(job)) return 'too-late'
    const { onCancel } = this.#context.behavior
    if (job.state === 'queued' || onCancel === 'cancels') this.#finish(job, 'cancelled')
    else if (onCancel === 'completes-anyway') {
      this.hurry(job)
      await this.reached('finished', job.id)
      return 'too-late'
    }
    return 'accepted'
  }

  /** Completes the job as soon as its clip is rendered, however much run time is left. */
  hurry(job: Job): void {
    this.#work.get(job)?.hurry.abort()
  }

  /** Calls the listener synchronously at every change of any job. */
  onChange(listener: (job: Job) => void): void {
    this.#events.on('change', listener)
  }

  /** Makes every job wait at this point until it is released. */
  hold(point: 'start' | 'completion'): void {
    this.#gates[point].hold()
  }

  /** Lets the named job pass, or all of them from now on. */
  release(point: 'start' | 'completion', jobId?: string): void {
    this.#gates[point].release(jobId)
  }

  /**
   * Resolves with the first job, or the named one, once it has reached this state (every job has reached `queued`, and each that has
   * started has reached `running`).
   * @throws the signal's reason when it is aborted, or `Ended` when the providers stop
   */
  async reached(state: JobState | 'finished', jobId?: string, signal?: AbortSignal): Promise<Job> {
    const has = (job: Job) => (jobId === undefined || job.id === jobId) && wasIn(job, state)
    for (;;) {
      const job = this.list().find(has)
      if (job) return job
      await this.nextChange(signal)
    }
  }

  /** Resolves at the next change of any job, as a position in the queue depends on the others. */
  async nextChange(signal?: AbortSignal): Promise<void> {
    const { signal: closed } = this.#closed
    await once(this.#events, 'change', { signal: signal ? AbortSignal.any([signal, closed]) : closed })
  }

  /** Aborted when the provider stops. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Aborts all work. */
  close(): void {
    const reason = new Ended('the providers were stopped')
    this.#closed.abort(reason)
    for (const { ended } of this.#work.values()) ended.abort(reason)
  }

  async #run(job: Job, work: { ended: AbortController; hurry: AbortController }): Promise<void> {
    const started = () => {
      job.state = 'running'
      job.startedAt = this.#context.clock.now()
      this.#events.emit('change', job)
    }
    const signals = { ended: work.ended.signal, hurry: work.hurry.signal }
    const number = this.#jobs.size
    try {
      job.clip = await performJob({ ...this.#context, ...signals, job, number, gates: this.#gates, slots: this.#slots, started })
      this.#finish(job, 'succeeded')
    } catch (error) {
      if (work.ended.signal.aborted) return
      // Any other error counts as an internal failure of the provider.
      job.failure = error instanceof JobFailed ? error.failure : { kind: 'failed' }
      this.#finish(job, 'failed')
    }
  }

  #finish(job: Job, state: 'succeeded' | 'failed' | 'cancelled' | 'aborted'): void {
    const { clock, behavior, prices, invoice } = this.#context
    const reason: BillingReason = state === 'succeeded' ? 'completed' : state
    const isBillable = { succeeded: true, cancelled: behavior.billCancelled, failed: behavior.billFailed, aborted: false }[state]
    const billed = isBillable && (state === 'succeeded' || job.state === 'running')
    const amountMicroUsd = billed ? priceOf(job.order, prices) : 0
    job.state = state
    job.finishedAt = clock.now()
    invoice.add({ jobId: job.id, amountMicroUsd, reason, at: clock.timestamp() })
    this.#work.get(job)?.ended.abort(new Ended(state))
    this.#work.delete(job)
    this.#events.emit('change', job)
  }
}

function wasIn(job: Job, state: JobState | 'finished'): boolean {
  if (state === 'queued') return true
  if (state === 'running') return job.startedAt !== undefined
  return state === 'finished' ? isFinished(job) : job.state === state
}
