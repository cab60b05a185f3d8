import { describe, expect, it } from 'vitest'

import { readProviderCost } from '../../src/billing/parse-provider-cost.ts'

const listed = 350_000
const dollars = (printed: unknown) => ({ printed, unit: 1_000_000 })

describe('the cost that a provider printed', () => {
  it.each([
    [0.35, 350_000],
    ['0.35', 350_000],
    [' 0.36 ', 360_000],
    [0.28, 280_000],
    [0.42, 420_000],
    ['0.3500001', 350_000],
  ])('%j is believed', (printed, amount) => {
    expect(readProviderCost(dollars(printed), listed)).toEqual({ booked: amount, reported: amount })
  })

  it.each([
    [0, '0'],
    [0.279999, '0.279999'],
    [0.420001, '0.420001'],
    [-0.35, '-0.35'],
    ['-0.35', '-0.35'],
    [3_500_000, '3500000'],
    [1e16, '10000000000000000'],
    [1e19, '10000000000000000000'],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [Number.NaN, 'NaN'],
    ['NaN', 'NaN'],
    ['0x55', '0x55'],
    ['3.5e-1', '3.5e-1'],
    ['', ''],
    [true, 'true'],
    [{ usd: 0.35 }, '{"usd":0.35}'],
    ['\u001b[2J0.35\n', '?[2J0.35?'],
    ['9'.repeat(500), '9'.repeat(40)],
  ])('%j is not: the listed price is booked, and the figure is kept', (printed, implausible) => {
    expect(readProviderCost(dollars(printed), listed)).toEqual({ booked: listed, implausible })
  })

  it('counts in the unit of the provider', () => {
    expect(readProviderCost({ printed: '5', unit: 70_000 }, listed)).toEqual({ booked: 350_000, reported: 350_000 })
    expect(readProviderCost({ printed: '35.0', unit: 10_000 }, listed)).toEqual({ booked: 350_000, reported: 350_000 })
  })

  it('that was not told is the listed price', () => {
    expect(readProviderCost(undefined, listed)).toEqual({ booked: listed })
  })
})
