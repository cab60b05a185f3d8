import type { Statements } from '../../storage/database.ts'

/**
 * The held generations (ids) whose create call was answered after all, too late for whoever made it: the lease was lost meanwhile, and the answer, a job
 * or a refusal, was recorded as the fact that it is. An attempt is `unknown` when its generation is held, so only such an answer can have changed it.
 */
export async function findLateAnswers(statements: Statements): Promise<string[]> {
  const rows = await statements
    .selectFrom('generations')
    .innerJoin('attempts', 'attempts.generation_id', 'generations.id')
    .select('generations.id')
    .distinct()
    .where('generations.state', '=', 'held')
    .where('generations.held_decision', 'is', null)
    .where((late) => {
      const isJob = late.and([late('attempts.state', '=', 'accepted'), late('attempts.operation', 'is not', null)])
      // Earlier attempts were refused before the generation went on to the next provider; that was no late word.
      const later = late
        .selectFrom('attempts as later')
        .select('later.id')
        .whereRef('later.generation_id', '=', 'attempts.generation_id')
        .whereRef('later.id', '>', 'attempts.id')
      return late.or([isJob, late.and([late('attempts.state', '=', 'refused'), late.not(late.exists(later))])])
    })
    .execute()
  return rows.map(({ id }) => id)
}
