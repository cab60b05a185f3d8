import type { LocalDiscord } from '../../sandbox/discord/local-discord.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import { createTimings, type Timings } from '../shared/timings.ts'

/** The types of an interaction's first response. */
const deferredMessage = 5

export interface Answers {
  /** From the gateway's frame to the arrival of the acknowledgement. A request without one counts with the time that Discord waits. */
  delays: Timings
  missing: number
  /** Acknowledged as work in progress. */
  deferred: number
  /** Refused in the first response. */
  refusedAtOnce: number
  /** Refused in a second message, after a deferred reply. */
  refusedLater: number
}

export interface AnswersObserver {
  /** Call it right after the member ran the command: its frame is sent synchronously. */
  sent(interaction: Promise<Interaction> | undefined): void
  read(): Answers
}

/** Observes when the bot responds to interactions. An event for each would cost more than the response itself. */
export function observeAnswers(discord: LocalDiscord, patienceMs: number): AnswersObserver {
  const sentAt = new Map<string, number>()
  const arrivals = new Map<string, { at: number; type: unknown }>()
  const problems: unknown[] = []
  const countFollowUps = () => discord.requests.filter(({ operation }) => operation === 'execute_webhook').length
  const earlierFollowUps = countFollowUps()
  discord.faults.failNext(
    {
      operation: 'create_interaction_response',
      when: ({ path, body }) => {
        const id = path.split('/')[2] ?? ''
        // A retry is no faster acknowledgement.
        if (!arrivals.has(id)) arrivals.set(id, { at: performance.now(), type: (body as { type?: unknown } | undefined)?.type })
        // Nothing fails.
        return false
      },
    },
    'reset',
    { times: Infinity },
  )
  return {
    sent(interaction) {
      const at = performance.now()
      interaction?.then(
        ({ id }) => sentAt.set(id, at),
        (error: unknown) => problems.push(error),
      )
    },
    read() {
      if (problems.length > 0) throw new Error(`${problems.length} commands could not be sent`, { cause: problems[0] })
      const delays = createTimings()
      const answered: unknown[] = []
      for (const [id, at] of sentAt) {
        const arrival = arrivals.get(id)
        const delay = arrival ? arrival.at - at : Infinity
        delays.record(Math.min(delay, patienceMs))
        if (delay < patienceMs) answered.push(arrival?.type)
      }
      const deferred = answered.filter((type) => type === deferredMessage).length
      const refusedLater = countFollowUps() - earlierFollowUps
      return { delays, missing: sentAt.size - answered.length, deferred, refusedAtOnce: answered.length - deferred, refusedLater }
    },
  }
}
