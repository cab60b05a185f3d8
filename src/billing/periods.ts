/** The wallet periods of one moment. A reservation stores them, and every later row copies them. */
export interface PeriodKeys {
  /** `2026-11-20` */
  day: string
  /** `2026-11` */
  month: string
}

/** Periods by the calendar of `timeZone` (an IANA name). `now` is milliseconds since the epoch. */
export function periodKeys(now: number, timeZone = 'UTC'): PeriodKeys {
  const parts = formatOf(timeZone).formatToParts(now)
  const part = (type: string) => parts.find((candidate) => candidate.type === type)?.value ?? ''
  const month = `${part('year')}-${part('month')}`
  return { day: `${month}-${part('day')}`, month }
}

/** Kept, because creating one costs as much as dozens of uses; there are some hundred zones. */
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' })
  formats.set(timeZone, format)
  return format
}

/** When the period after that of `now` begins, milliseconds since the epoch (zones shift by whole minutes, so minutes are exact). */
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
