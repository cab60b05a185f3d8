import type { Measured } from './measurement.ts'

/** What a bench gets from `npm run bench`. */
export interface BenchContext {
  /** What follows the bench's name on the command line. */
  readonly words: readonly string[]
  /** Prints the measurement, and shows it in the table at the end. */
  report(measured: Measured): void
  /** What a reader should know besides; goes to standard error. */
  note(text: string): void
  /** Owns the bench's servers, processes and databases; disposed of in reverse order when it ends, also after an error or a signal. */
  readonly cleanup: AsyncDisposableStack
  /** Aborted when the run takes too long or is interrupted. */
  readonly signal: AbortSignal
}

export type RunBench = (context: BenchContext) => Promise<void>

export interface Bench {
  /** One sentence. */
  summary: string
  /** Loads its module, so that one bench's imports do not weigh on another. */
  load(): Promise<RunBench>
}
