import type { ClipFormat } from '../../clips/clip-order.ts'
import { respondWithFile, unguessable } from '../http/served-files.ts'
import type { Job } from '../jobs/job.ts'
import type { Faults } from '../simulation/faults.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'

export interface OutputsContext {
  clock: ProviderClock
  faults: Faults
  /** The origin that serves the clips; read when an address is needed. */
  origin: () => string
  /** The path of a new clip, which contains the given unguessable part. */
  path: (unguessable: string, format: ClipFormat) => string
  /** Virtual milliseconds after a job's end that its clip is served, unless `limit` was called; for ever unless given. */
  keptMs?: number | undefined
}

const mediaTypes: Record<ClipFormat, string> = { mp4: 'video/mp4', mov: 'video/quicktime', webm: 'video/webm' }
/** How often a clip that comes late is missing. */
const callsBeforeLate = 2

/** The finished clips of a provider. */
export class Outputs {
  readonly #context: OutputsContext
  readonly #paths = new Map<Job, string>()
  readonly #limits = new Map<Job, number>()
  /** How often a clip that comes late was asked for. */
  readonly #calls = new Map<Job, number>()

  constructor(context: OutputsContext) {
    this.#context = context
  }

  /** The address of the job's clip, even before it is finished; always the same. */
  addressOf(job: Job): string {
    const path = this.#paths.get(job) ?? this.#context.path(unguessable(), job.order.format ?? 'mp4')
    this.#paths.set(job, path)
    return this.#context.origin() + path
  }

  /** Limits how many virtual milliseconds the clip is served after the job's end. */
  limit(job: Job, milliseconds: number): void {
    this.#limits.set(job, milliseconds)
  }

  /** The response with the clip at this path; undefined if there is none, none yet or no longer. */
  respond(path: string): Response | undefined {
    const job = [...this.#paths].find(([, each]) => each === path)?.[0]
    if (!job?.clip || this.isGone(job) || this.#isLate(job) || this.#context.faults.take('output', ['output-gone'])) return undefined
    if (this.#context.faults.take('output', ['link-expired'])) {
      this.#paths.delete(job)
      return new Response('<Error><Code>AccessDenied</Code></Error>', { status: 403, headers: { 'content-type': 'application/xml' } })
    }
    return respondWithFile({ bytes: job.clip, mediaType: mediaTypes[job.order.format ?? 'mp4'] })
  }

  #isLate(job: Job): boolean {
    const calls = this.#calls.get(job) ?? 0
    this.#calls.set(job, calls + 1)
    return job.faults.has('output-late') && calls < callsBeforeLate
  }

  /** Whether the job's clip was removed after its end. */
  isGone(job: Job): boolean {
    if (job.finishedAt === undefined) return false
    const keptMs = this.#limits.get(job) ?? this.#context.keptMs ?? Infinity
    return job.faults.has('output-gone') || this.#context.clock.now() - job.finishedAt >= keptMs
  }
}
