import { Timed } from '../../lib/timers.ts'
import type { Operation, Provider, Status } from '../../providers/provider.ts'
import type { Generation } from '../model/generation.ts'
import type { Outcome } from '../model/outcome.ts'
import type { Attempt } from '../store/attempts.ts'
import { progressOf } from '../store/run-time-estimates.ts'
import { type CancellableJob, checkCancelRequest } from './cancel.ts'
import type { RunContext } from './context.ts'
import type { Submitted } from './submit.ts'

const showEveryMs = 5000

/**
 * One job that a provider renders, its card, and whatever ends a wait for it. This is all that the thousands of jobs in flight keep while they wait: one
 * entry in the timers for card, next read and deadline together, and no signal of their own.
 */
export class WatchedJob extends Timed implements CancellableJob {
  readonly attempt: Attempt
  readonly operation: Operation
  readonly provider: Provider
  readonly startedAt: number
  readonly expectedMs: number
  /** Newer once a cancel was requested. */
  generation: Generation
  /** The provider's own figures, where it reports them. */
  ahead: number | undefined
  progress: number | undefined
  /** What a cancel request led to, where that is certain at once. */
  decided: Outcome | undefined
  cancelling: Promise<void> | undefined
  readonly #context: RunContext
  readonly #pause: AbortSignal
  readonly #stopListening: () => void
  readonly #calls = new Set<AbortController>()
  #stream: AbortController | undefined
  #cancelRefused: boolean | undefined
  #resume: (() => void) | undefined
  #resumeAt = Infinity
  #showAt: number
  #isNotified = false
  #isUrgent = false
  #isOverdue = false
  #isEnded = false

  constructor({ generation, attempt, operation }: Submitted, provider: Provider, context: RunContext, pause: AbortSignal) {
    super()
    this.generation = generation
    this.attempt = attempt
    this.operation = operation
    this.provider = provider
    this.startedAt = generation.startedAt ?? context.clock.now()
    this.expectedMs = context.estimates.runMs(provider.id, generation.request)
    this.#context = context
    this.#pause = pause
    this.#stopListening = context.notifier.onNotification(generation.id, () => {
      this.#isNotified = true
      context.reads.prioritize(provider.id, this)
      checkCancelRequest(this, context)
      this.#endWait()
    })
    pause.addEventListener('abort', this)
    this.#showAt = context.timers.now() + showEveryMs
    this.#waitForNext()
    this.show()
    checkCancelRequest(this, context)
  }

  get isCancelling(): boolean {
    return this.generation.cancelRequestedAt !== undefined
  }

  /** Nothing more is to be done for it: the bot stops, or its lease or its outcome is known to be over. */
  get isOver(): boolean {
    return this.#isEnded || this.#pause.aborted || this.decided !== undefined
  }

  throwIfOver(): void {
    if (this.decided) throw this.decided
    this.#pause.throwIfAborted()
  }

  show(): void {
    const { clock, delivery } = this.#context
    const now = clock.now()
    delivery.show(this.generation, {
      ...{ now, expectedEndAt: this.startedAt + this.expectedMs, cannotCancel: !this.provider.cancel },
      ...{ ahead: this.ahead, cancelRefused: this.#cancelRefused },
      progress: this.progress ?? progressOf(now - this.startedAt, this.expectedMs),
    })
  }

  showCancel(requested: Generation, refused: boolean): void {
    this.generation = requested
    this.#cancelRefused = refused
    this.show()
  }

  decide(outcome: Outcome): void {
    this.decided = outcome
    this.#endCalls(outcome)
  }

  /** Resolves after so many milliseconds, at a notification since `resetNotification`, or at the deadline. Throws if the job is over. */
  async wait(milliseconds: number): Promise<void> {
    if (!this.isOver && !this.#isNotified && !this.#isOverdue) {
      await new Promise<void>((resolve) => {
        this.#resume = resolve
        this.#resumeAt = this.#context.timers.now() + milliseconds
        this.#waitForNext()
      })
    }
    this.throwIfOver()
  }

  /** Notifications from now on end the next wait. Called before the job is read, so that none is missed between the two. */
  resetNotification(): void {
    this.#isUrgent = this.#isNotified
    this.#isNotified = false
  }

  /** Reads the job's status when it is its turn: jobs of which we were notified come first. */
  read(): Promise<Status> {
    return this.#context.reads.run(this.provider.id, { waiter: this, urgent: this.#isUrgent }, () => {
      this.throwIfOver()
      const isAnnounced = this.#isUrgent && !this.isCancelling
      return this.call((signal) => this.provider.status(this.operation, { signal, isAnnounced }))
    })
  }

  call<Result>(make: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    const call = this.#beginCall()
    return make(call.signal).finally(() => this.#calls.delete(call))
  }

  /** As `call`, for a stream of states, which the deadline ends, too. */
  async *stream(open: (signal: AbortSignal) => AsyncIterable<Status> | Iterable<Status>): AsyncGenerator<Status> {
    const call = (this.#stream = this.#beginCall())
    try {
      yield* open(call.signal)
    } catch (error) {
      if (!this.#isOverdue) throw error
    } finally {
      this.#stream = undefined
      this.#calls.delete(call)
    }
  }

  /** Ends everything that belongs to this watch. */
  async end(): Promise<void> {
    this.#isEnded = true
    this.#stopListening()
    this.#pause.removeEventListener('abort', this)
    this.#context.timers.clear(this)
    this.#endCalls(new Error('the watch is over'))
    await this.cancelling
  }

  handleEvent(): void {
    this.#endCalls(this.#pause.reason)
  }

  override onDue(): void {
    const { clock, renderDeadlineMs, timers } = this.#context
    const now = timers.now()
    if (now >= this.#showAt) {
      this.#showAt = now + showEveryMs
      this.show()
      this.#isOverdue ||= clock.now() >= this.startedAt + renderDeadlineMs
    }
    if (this.#isOverdue) this.#stream?.abort(new Error('the deadline has passed'))
    if (this.#isOverdue || now >= this.#resumeAt) this.#endWait()
    this.#waitForNext()
  }

  #beginCall(): AbortController {
    const call = new AbortController()
    this.#calls.add(call)
    if (this.#pause.aborted) call.abort(this.#pause.reason)
    return call
  }

  #waitForNext(): void {
    const { timers } = this.#context
    timers.set(this, Math.max(0, Math.min(this.#showAt, this.#resumeAt) - timers.now()))
  }

  #endCalls(reason: unknown): void {
    for (const call of this.#calls) call.abort(reason)
    this.#context.reads.release(this.provider.id, this)
    this.#endWait()
  }

  #endWait(): void {
    const resume = this.#resume
    this.#resume = undefined
    this.#resumeAt = Infinity
    resume?.()
  }
}
