import { type RunwareProblem, statusOf } from './problems.ts'

/** The outcome of one task, or of one of its results. */
export type TaskOutcome =
  | { kind: 'item'; item: Record<string, unknown> }
  /** The task was not accepted. */
  | { kind: 'refused'; problem: RunwareProblem }
  /** The job was accepted, and failed. */
  | { kind: 'failed'; problem: RunwareProblem }

export function refused(problem: RunwareProblem): TaskOutcome {
  return { kind: 'refused', problem }
}

export interface RunwareAnswer {
  status: number
  body: Record<string, unknown>
}

/** Combines the outcomes of all tasks of a call in one response. */
export function answerOf(outcomes: readonly TaskOutcome[]): RunwareAnswer {
  const data = outcomes.flatMap((outcome) => (outcome.kind === 'item' ? [outcome.item] : []))
  const errors = outcomes.flatMap((outcome) => (outcome.kind === 'item' ? [] : [errorEntry(outcome.problem)]))
  return { status: httpStatusOf(outcomes), body: { ...(data.length > 0 && { data }), ...(errors.length > 0 && { errors }) } }
}

export function errorEntry(problem: RunwareProblem): Record<string, unknown> {
  return { ...problem, status: 'error', documentation: `https://runware.ai/docs/errors#${problem.code}` }
}

/** A failed job is reported with 200; only a response without data has an error status, that of its first refusal. */
function httpStatusOf(outcomes: readonly TaskOutcome[]): number {
  const [first] = outcomes
  return first?.kind === 'refused' && outcomes.every(({ kind }) => kind !== 'item') ? statusOf(first.problem) : 200
}
