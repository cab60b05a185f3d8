import type { RunwareBehavior } from './runware-behavior.ts'
import { type RunwareProblem, statusOf } from './runware-problems.ts'

/** What one task, or one of its results, is answered with. */
export type TaskOutcome =
  | { kind: 'item'; item: Record<string, unknown> }
  /** The task was not done. */
  | { kind: 'refused'; problem: RunwareProblem }
  /** The job was accepted, and failed. */
  | { kind: 'failed'; problem: RunwareProblem }

export interface RunwareAnswer {
  status: number
  body: Record<string, unknown>
}

/** Lays the outcomes of all tasks of a call into the one answer that they share. */
export function answerOf(outcomes: readonly TaskOutcome[], behavior: RunwareBehavior): RunwareAnswer {
  const status = httpStatusOf(outcomes, behavior)
  const [first] = outcomes
  // The one `error` has room for one.
  if (outcomes.length === 1 && first && first.kind !== 'item' && shapeOf(first, behavior) === 'error') {
    const { code, message, taskUUID } = first.problem
    return { status, body: { error: { code, message }, ...(taskUUID !== undefined && { taskUUID }) } }
  }
  const data: Record<string, unknown>[] = []
  const errors: Record<string, unknown>[] = []
  for (const outcome of outcomes) {
    if (outcome.kind === 'item') data.push(outcome.item)
    else if (shapeOf(outcome, behavior) === 'data') data.push(failedItem(outcome.problem))
    else errors.push(errorEntry(outcome.problem))
  }
  return { status, body: { ...(data.length > 0 && { data }), ...(errors.length > 0 && { errors }) } }
}

/** A failed job as an item among the others. */
export function failedItem({ code, message, taskType, taskUUID }: RunwareProblem): Record<string, unknown> {
  return { taskType, taskUUID, status: 'error', error: { code, message } }
}

export function errorEntry(problem: RunwareProblem): Record<string, unknown> {
  return { ...problem, status: 'error', documentation: `https://runware.ai/docs/errors#${problem.code}` }
}

function shapeOf({ kind }: TaskOutcome, { failureShape, refusalShape }: RunwareBehavior): 'errors' | 'data' | 'error' {
  return kind === 'failed' ? failureShape : refusalShape
}

function httpStatusOf(outcomes: readonly TaskOutcome[], { failureStatus, refusalStatus }: RunwareBehavior): number {
  const [first] = outcomes
  if (!first || outcomes.some(({ kind }) => kind === 'item')) return 200
  if (first.kind === 'failed') return failureStatus
  return first.kind === 'refused' && refusalStatus === 'telling' ? statusOf(first.problem) : Number(refusalStatus)
}
