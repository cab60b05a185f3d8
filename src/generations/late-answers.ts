import type { Statements } from '../storage/database.ts'

/**
 * The held generations (ids) whose create call was answered after all, too late for whoever made it: the lease was lost meanwhile, and the answer was
 * recorded as the fact that it is. An attempt is closed when its generation is held, so only such an answer can have opened it again.
 */
export async function findLateAnswers(statements: Statements): Promise<string[]> {
  const rows = await statements
    .selectFrom('generations')
    .innerJoin('attempts', 'attempts.generation_id', 'generations.id')
    .select('generations.id')
    .distinct()
    .where('generations.state', '=', 'held')
    .where('generations.held_decision', 'is', null)
    .where('attempts.state', '=', 'accepted')
    .where('attempts.operation', 'is not', null)
    .execute()
  return rows.map(({ id }) => id)
}
