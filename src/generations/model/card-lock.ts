import type { Generation } from './generation.ts'

/**
 * Orders the edits of one card. Within a process its card writer does; between processes this lock does, because the gateway, the oldest worker
 * and the owner of the claim may all write the same card. Each edit checks first that the generation has not moved on: a held one can resume
 * while its card is being written.
 */
export interface CardLock {
  /** Runs an edit unless the generation has moved on (to another state, owner or end). False if it did not run. */
  edit(generation: Generation, write: () => Promise<void>): Promise<boolean>
  /** Resolves once no edit is under way in any process. Call it after the final state is written, so that no older edit can follow. */
  whenIdle(generation: Generation): Promise<void>
  /** Whether the generation still has the state, owner and end of this copy. */
  isCurrent(generation: Generation): Promise<boolean>
}

/** Wall-clock milliseconds. Every edit gives up by then, so one that is still marked later belongs to a process that died. */
export const longestEditMs = 10_000
