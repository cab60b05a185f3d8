import { clipLimits, type DurationSeconds } from '../../src/domain/clip-request.ts'

export const defaultDuration: DurationSeconds = 5

/** What the member chose, also while other options are being typed. */
export function readDuration({ options }: { options: { getInteger(name: 'duration'): number | null } }): DurationSeconds {
  const chosen = options.getInteger('duration')
  // While options are typed, Discord may send a number as text.
  return clipLimits.durationsSeconds.find((seconds) => String(seconds) === String(chosen)) ?? defaultDuration
}
