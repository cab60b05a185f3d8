import type { Call } from './call.ts'
import type { Behavior } from '../simulation/behavior.ts'
import type { AnswerFault } from '../simulation/faults.ts'

/** When a customer who came too often may come back. */
export const throttledSeconds = 5

type Answers = Record<AnswerFault, (call: Call) => Response>

/** The provider's answers, of which the one to too many requests says when to come back as the provider's behavior has it. */
export function withRetryAfter(answers: Answers, behavior: Behavior): Answers {
  return {
    ...answers,
    busy: (call) => {
      const hint = retryAfterOf(behavior)
      if (hint !== undefined) call.header('Retry-After', hint)
      return answers.busy(call)
    },
  }
}

/** The `Retry-After` header; undefined where the provider does not send one. */
export function retryAfterOf({ retryAfter }: Behavior): string | undefined {
  if (retryAfter === 'none') return undefined
  // A date of the real world, as whoever reads it has no other clock.
  return retryAfter === 'seconds' ? String(throttledSeconds) : new Date(Date.now() + 1000 * throttledSeconds).toUTCString()
}
