import { z } from 'zod'

import { answerParent } from '../shared/child.ts'
import { observeStatements } from '../shared/statements.ts'

/** What a process under load has done so far. */
export const Counts = z.object({ begun: z.number(), done: z.number(), statements: z.number(), commits: z.number() })
export type Counts = z.infer<typeof Counts>

export const Start = z.object({
  store: z.union([z.object({ file: z.string() }), z.object({ url: z.string() })]),
  /** Tells the processes of one run apart. */
  process: z.number(),
  /** How many clips or jobs this process keeps under way. */
  outstanding: z.number(),
})
export type Start = z.infer<typeof Start>

export interface Load {
  /** Begins one more, which calls `onDone` in the process that finishes it. */
  begin(number: number): Promise<void>
  close(): Promise<void>
}

/** Makes this process one that is under load: whenever something is done it begins the next, until it is told to stop. */
export function answerLoadRun(setUp: (options: Start, onDone: () => void) => Promise<Load>): void {
  const counts: Counts = { begun: 0, done: 0, statements: 0, commits: 0 }
  observeStatements(({ isCommit }) => {
    counts.statements += 1
    if (isCommit) counts.commits += 1
  })
  let load: Load | undefined
  let isDriving = false
  let failure: Error | undefined

  function beginOne(): void {
    if (!isDriving || !load) return
    counts.begun += 1
    load.begin(counts.begun).catch((error: unknown) => (failure ??= new Error('one could not begin', { cause: error })))
  }

  answerParent({
    start: async (question) => {
      const options = Start.parse(question)
      load = await setUp(options, () => {
        counts.done += 1
        beginOne()
      })
      isDriving = true
      for (let index = 0; index < options.outstanding; index += 1) beginOne()
    },
    count: () => {
      if (failure) throw failure
      return counts
    },
    finish: () => void (isDriving = false),
    close: () => load?.close(),
  })
}
