import type { Call } from './call.ts'
import type { Conduct } from './behavior.ts'
import type { AnswerFault } from './faults.ts'

/** When a customer who came too often may come back. */
export const throttledSeconds = 5

type Answers = Record<AnswerFault, (call: Call) => Response>

/** The host's answers, of which the one to too many requests says when to come back as the host's conduct has it. */
export function withRetryAfter(answers: Answers, conduct: Conduct): Answers {
  return {
    ...answers,
    busy: (call) => {
      const hint = retryAfterOf(conduct)
      if (hint !== undefined) call.header('Retry-After', hint)
      return answers.busy(call)
    },
  }
}

/** The `Retry-After` header; undefined where the host does not send one. */
export function retryAfterOf({ retryAfter }: Conduct): string | undefined {
  if (retryAfter === 'untold') return undefined
  // A date of the real world, as whoever reads it has no other clock.
  return retryAfter === 'seconds' ? String(throttledSeconds) : new Date(Date.now() + 1000 * throttledSeconds).toUTCString()
}
