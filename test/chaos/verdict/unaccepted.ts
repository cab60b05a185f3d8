import { isBudgetExhausted } from './budgets.ts'
import type { EndedRequest, Evidence, Problem } from './evidence.ts'

/** What the bot says when it refuses a request for one of the faults that a run injects. */
const restarting = /^The bot is restarting\./
const budget = /budget has \$[\d.,]+ left; this clip costs \$[\d.,]+\./
const storeFailed = /^The bot can't reach its database\.|^Something went wrong\./

/** Requests that were never accepted. Each needs a reason that it met itself: a bot's end, lost connections to the store, or a spent budget. */
export function problemsOfUnaccepted(evidence: Evidence): Problem[] {
  const { requests, contents } = evidence
  const accepted = new Set(contents.generations.map(({ interactionId }) => interactionId))
  const made = new Set(requests.map(({ interactionId }) => interactionId))
  return [
    ...(accepted.size === 0 ? ['no request was accepted: this run proves nothing'] : []),
    ...contents.generations
      .filter(({ interactionId }) => !made.has(interactionId))
      .map(({ id }) => `the store has a request that no member made: ${id}`),
    ...requests
      .filter((request) => !accepted.has(request.interactionId) && !isExcused(request, evidence))
      .map(({ mark, observation, refusal }) => {
        const seen = refusal ? `${observation}: ${refusal.text}` : observation
        return `${mark} was never accepted, and it met no fault that explains what the member sees: “${seen}”`
      }),
  ]
}

/** Is what the member sees the work of a fault that this request met? */
function isExcused(request: EndedRequest, evidence: Evidence): boolean {
  const { observation, refusal, met } = request
  const wasEnded = met.disruptions.has('killed') || met.disruptions.has('stopped')
  if (observation === 'nothing' || observation === 'gone') return wasEnded
  if (observation !== 'refused' || !refusal) return false
  if (restarting.test(refusal.text)) return met.disruptions.has('stopped')
  if (storeFailed.test(refusal.text)) return met.disruptions.has('disconnected')
  return budget.test(refusal.text) && isBudgetExhausted(request, refusal, evidence)
}
