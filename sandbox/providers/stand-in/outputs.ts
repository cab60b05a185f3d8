import type { Faults } from '../simulation/faults.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import type { Job } from '../jobs/job.ts'
import { answerWithFile, unguessable } from '../http/served-files.ts'

export interface OutputsContext {
  clock: ProviderClock
  faults: Faults
  /** The origin that serves the clips. */
  origin: () => string
  /** A new path for a clip, with this piece in it that nobody can guess. */
  pathWith: (secret: string) => string
  /** Virtual milliseconds after a job's end that its clip is served, where nothing else was agreed; for ever unless given. */
  keptMs?: number
}

/** The finished clips of a provider, served to whoever knows their address. */
export class Outputs {
  readonly #context: OutputsContext
  readonly #paths = new Map<Job, string>()
  readonly #lives = new Map<Job, number>()

  constructor(context: OutputsContext) {
    this.#context = context
  }

  /** Where the job's clip is, or will be; the same at every call. */
  addressOf(job: Job): string {
    const path = this.#paths.get(job) ?? this.#context.pathWith(unguessable())
    this.#paths.set(job, path)
    return this.#context.origin() + path
  }

  /** The clip is served for so many virtual milliseconds after the job's end. */
  limit(job: Job, milliseconds: number): void {
    this.#lives.set(job, milliseconds)
  }

  /** The clip at this path, or undefined where there is none (any more). */
  answer(path: string): Response | undefined {
    const job = [...this.#paths].find(([, each]) => each === path)?.[0]
    if (!job?.clip || this.#isGone(job) || this.#context.faults.take('output', ['output-gone'])) return undefined
    return answerWithFile({ bytes: job.clip, mediaType: 'video/mp4' })
  }

  #isGone(job: Job): boolean {
    const life = this.#lives.get(job) ?? this.#context.keptMs ?? Infinity
    return job.faults.has('output-gone') || this.#context.clock.now() - (job.finishedAt ?? Infinity) >= life
  }
}
