/** The wallet periods that a moment falls into. A reservation carries them, and every later row of it copies them. */
export interface PeriodKeys {
  /** `2026-11-20` */
  day: string
  /** `2026-11` */
  month: string
}

/** Periods by the calendar of `timeZone` (an IANA name). `now` is milliseconds since the epoch. */
export function periodKeys(now: number, timeZone = 'UTC'): PeriodKeys {
  const context = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).formatToParts(now)
  const part = (type: string) => context.find((candidate) => candidate.type === type)?.value ?? ''
  const month = `${part('year')}-${part('month')}`
  return { day: `${month}-${part('day')}`, month }
}

/** When the period of `now` gives way to the next one, milliseconds since the epoch (to the minute; zones shift by whole minutes). */
export function nextPeriodStart(now: number, period: keyof PeriodKeys, timeZone = 'UTC'): number {
  const minute = 60_000
  const current = periodKeys(now, timeZone)[period]
  let before = Math.floor(now / minute)
  let after = before + (period === 'day' ? 26 : 32 * 24) * 60
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2)
    if (periodKeys(middle * minute, timeZone)[period] === current) before = middle
    else after = middle
  }
  return after * minute
}
