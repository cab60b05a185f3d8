import { describe, expect, it } from 'vitest'

import { nextPeriodStart, periodKeys } from '../../src/billing/periods.ts'

describe('wallet periods', () => {
  it('follow the calendar of their zone', () => {
    const lateInLondon = Date.UTC(2026, 11, 31, 23, 30)
    expect(periodKeys(lateInLondon)).toEqual({ day: '2026-12-31', month: '2026-12' })
    expect(periodKeys(lateInLondon, 'Asia/Tokyo')).toEqual({ day: '2027-01-01', month: '2027-01' })
  })

  it('change at midnight there, also on the day of a clock change', () => {
    const noon = Date.UTC(2026, 9, 25, 12)
    expect(nextPeriodStart(noon, 'day')).toBe(Date.UTC(2026, 9, 26))
    expect(nextPeriodStart(noon, 'day', 'Europe/Berlin')).toBe(Date.UTC(2026, 9, 25, 23))
    expect(nextPeriodStart(noon, 'month', 'America/New_York')).toBe(Date.UTC(2026, 10, 1, 4))
  })
})
