import { clipLimits, type DurationSeconds } from '../../src/domain/clip-request.ts'

export const defaultDuration: DurationSeconds = 5

/** What the member chose, also while other options are being typed. */
export function readDuration({ options }: { options: { getInteger(name: 'duration'): number | null } }): DurationSeconds {
  const chosen = options.getInteger('duration')
  return clipLimits.durationsSeconds.find((seconds) => seconds === chosen) ?? defaultDuration
}
