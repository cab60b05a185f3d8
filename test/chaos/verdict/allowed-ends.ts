import type { EndedRequest } from './evidence.ts'

/** How an accepted request may end besides being posted. */
export type AllowedEnd = 'failed' | 'cancelled' | 'held'

/**
 * The ends that the faults of this request allow, by what it really met and not by what was planned.
 * @param isInterrupted whether a create call of it was interrupted by the end, the stall or the broken connections of a bot
 */
export function allowedEnds(
  { met, terminal, pressedCancel, deleted }: Pick<EndedRequest, 'met' | 'terminal' | 'pressedCancel' | 'deleted'>,
  isInterrupted: boolean,
): ReadonlySet<AllowedEnd> {
  const ends = new Set<AllowedEnd>()
  if (met.jobFault !== undefined) ends.add('failed')
  if (terminal && (met.refused || met.lost)) ends.add('failed')
  if (met.lost || isInterrupted) ends.add('held')
  if (pressedCancel || deleted) ends.add('cancelled')
  return ends
}

/** What the request met, for a reader who looks for the cause. */
export function describeMet({ met, pressedCancel, deleted, prompt }: EndedRequest): string {
  const words = [
    ...(met.jobFault === undefined ? [] : [`a job that was ${met.jobFault}`]),
    ...(met.refused ? ['a refused create call'] : []),
    ...(met.lost ? ['a lost create answer'] : []),
    ...(pressedCancel ? ['its member pressed Cancel'] : []),
    ...(deleted ? ['its card was deleted'] : []),
    ...met.disruptions,
  ]
  return `prompt “${prompt}”; met ${words.join(', ') || 'nothing'}`
}
