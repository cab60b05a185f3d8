import type { Statements } from '../../storage/database.ts'

/**
 * The held generations (ids) whose create response arrived after all: the lease was lost meanwhile, and the response, a job or a refusal, was recorded on
 * the attempt. An attempt is `unknown` when its generation is held, so only such a response can have changed it.
 */
export async function findLateResponses(statements: Statements): Promise<string[]> {
  const rows = await statements
    .selectFrom('generations')
    .innerJoin('attempts', 'attempts.generation_id', 'generations.id')
    .select('generations.id')
    .distinct()
    .where('generations.state', '=', 'held')
    .where('generations.held_decision', 'is', null)
    .where((late) => {
      const isJob = late.and([late('attempts.state', '=', 'accepted'), late('attempts.operation', 'is not', null)])
      // Earlier attempts were refused before the generation failed over; those are no late responses.
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
