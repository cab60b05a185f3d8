import type { Disruption } from '../faults/disruptions.ts'
import type { Observation, Refused } from '../load/observer.ts'
import type { PlannedRequest } from '../load/request-plan.ts'
import type { BilledJob } from '../sandbox/billed-jobs.ts'
import type { Contents } from '../shared/store.ts'
import type { RequestMessages } from '../load/channel-messages.ts'

/** The injected faults that one request met. */
export interface MetFaults {
  /** Before it was accepted. */
  disruptions: ReadonlySet<Disruption>
  /** A provider answered its create call with a 4xx. */
  refused: boolean
  /** A provider broke its create call off, or answered it with a 5xx. */
  lost: boolean
  /** What ended a job of it without a clip. */
  jobFault: NonNullable<BilledJob['fault']> | undefined
}

/** A request of the stream at the end of the run. */
export interface EndedRequest extends PlannedRequest, RequestMessages {
  interactionId: string
  guildId: string
  /** Milliseconds since the epoch. */
  madeAt: number
  /** What the member sees last. */
  observation: Observation
  refusal: Refused | undefined
  pressedCancel: boolean
  /** A moderator deleted its card. */
  deleted: boolean
  met: MetFaults
}

export interface Evidence {
  requests: readonly EndedRequest[]
  contents: Contents
  billedJobs: readonly BilledJob[]
  /** Jobs that each provider may have at once. */
  caps: Readonly<Record<string, number>>
  /** The attempts whose create call was interrupted: its bot was ended, stalled, or lost its connections to the store. */
  insideCreate: ReadonlySet<string>
  /** The daily budgets of guilds in micro-dollars. */
  guildBudgets: ReadonlyMap<string, number>
  /** What a clip of this duration costs, in micro-dollars. */
  prices: Readonly<Record<5 | 10, number>>
}

/** Anything wrong beyond the numbers; each is a reason to fail. */
export type Problem = string
