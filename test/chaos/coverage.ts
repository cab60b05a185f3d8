import type { KillRecord } from './faults/kill-record.ts'
import { providers } from './load/request-plan.ts'
import type { ChaosOptions, Weather } from './shared/options.ts'
import type { EndedRequest, Evidence, Problem } from './verdict/evidence.ts'

/** What a run has tried. */
export interface Coverage {
  evidence: Evidence
  kills: KillRecord
  /** How often each fault of the schedule happened. */
  counts: Readonly<Partial<Record<string, number>>>
}

/** What a long run must have met and did not: there it proves nothing. */
export function gapsIn({ evidence, kills, counts }: Coverage, { without, store, workers }: ChaosOptions): Problem[] {
  const isShared = store === 'postgres'
  const seen = weatherSeen(evidence)
  const expected: [Weather, number | undefined, boolean][] = [
    ['images', seen.images, true],
    ['budget', seen.refusedForBudget, true],
    ['stops', counts['stopped'], true],
    ['gateways', counts['gateway ended'], isShared],
    ['connections', counts['disconnected'], isShared],
    ['stalls', counts['stalled'], isShared && workers > 1],
  ]
  const jobs = jobsByProvider(evidence)
  return [
    ...kills.missed().map((state) => `too few ends of a bot hit a generation that was ${state}`),
    ...providers.filter((provider) => jobs[provider] === 0).map((provider) => `${provider} was never asked`),
    ...expected
      .filter(([weather, count, possible]) => possible && !without.has(weather) && (count ?? 0) === 0)
      .map(([weather]) => `this run had no ${weather}`),
  ]
}

/** For a reader: what happened, and how many requests each fault has ended. */
export function describeRun({ evidence, kills, counts }: Coverage): string[] {
  return [
    `jobs by provider: ${JSON.stringify(jobsByProvider(evidence))}`,
    `states hit by the ends of bots: ${JSON.stringify(kills.histogram)}, interrupted create calls: ${kills.insideCreate.size}`,
    `faults: ${JSON.stringify({ ...counts, ...weatherSeen(evidence) })}`,
  ]
}

function jobsByProvider({ billedJobs }: Evidence): Record<string, number> {
  return Object.fromEntries(providers.map((id) => [id, billedJobs.filter(({ provider }) => provider === id).length]))
}

function weatherSeen({ requests, contents }: Evidence) {
  const accepted = new Set(contents.generations.map(({ interactionId }) => interactionId))
  const count = (matches: (request: EndedRequest) => boolean) => requests.filter(matches).length
  return {
    images: count(({ images, clips }) => images.image !== undefined && clips > 0),
    refusedForBudget: count(({ interactionId, refusal }) => !accepted.has(interactionId) && /budget/.test(refusal?.text ?? '')),
    endedBeforeAcceptance: count(({ interactionId, met }) => !accepted.has(interactionId) && met.disruptions.size > 0),
    lostAnswers: count(({ met }) => met.lost),
    refusedCreates: count(({ met }) => met.refused),
    jobFaults: count(({ met }) => met.jobFault !== undefined),
    cancels: count(({ pressedCancel }) => pressedCancel),
  }
}
