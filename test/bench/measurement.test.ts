import { describe, expect, it } from 'vitest'

import { renderTable, toMeasurement } from '../../bench/shared/measurement.ts'
import { createTimings } from '../../bench/shared/timings.ts'

describe('a measurement', () => {
  it('leaves out what does not apply', () => {
    expect(toMeasurement('engine', { case: 'clips', value: 12.345, unit: '/s' })).toEqual({
      ...{ bench: 'engine', case: 'clips', value: 12.3, unit: '/s' },
    })
  })

  it('compares the value with its baseline', () => {
    expect(toMeasurement('engine', { case: 'clips', value: 150, unit: '/s', baseline: 600 })).toMatchObject({ baseline: 600, ratio: 0.25 })
    expect(toMeasurement('engine', { case: 'clips', value: 150, unit: '/s', baseline: 0 })).not.toHaveProperty('ratio')
  })

  it.each([
    { value: 20, target: { atMost: 20, of: 'value' as const }, words: '≤ 20 ms', ok: true },
    { value: 20.001, target: { atMost: 20, of: 'value' as const }, words: '≤ 20 ms', ok: false },
    { value: 20, target: { atLeast: 20, of: 'value' as const }, words: '≥ 20 ms', ok: true },
    { value: 19.999, target: { atLeast: 20, of: 'value' as const }, words: '≥ 20 ms', ok: false },
    { value: 15, target: { atMost: 1.5, of: 'ratio' as const }, words: '≤ 1.5 ×', ok: true },
    { value: 14, target: { atLeast: 1.5, of: 'ratio' as const }, words: '≥ 1.5 ×', ok: false },
  ])('says whether $value over 10 meets $words', ({ value, target, words, ok }) => {
    expect(toMeasurement('ack', { case: 'p99', value, unit: 'ms', baseline: 10, target })).toMatchObject({ target: words, ok })
  })

  it('misses a target of a ratio that could not be measured', () => {
    expect(toMeasurement('ack', { case: 'p99', value: 1, unit: 'ms', target: { atMost: 2, of: 'ratio' } })).toMatchObject({ ok: false })
  })
})

describe('the table', () => {
  it('shows one line for each measurement, in columns', () => {
    const table = renderTable([
      toMeasurement('engine', { case: 'one process', value: 400, unit: '/s', baseline: 800, target: { atLeast: 400, of: 'value' } }),
      toMeasurement('engine', { case: 'commits', value: 7, unit: 'per clip', target: { atMost: 6, of: 'value' } }),
      toMeasurement('engine', { case: 'statements', value: 31, unit: 'per clip' }),
    ])
    expect(table.split('\n')).toEqual([
      'case         value        baseline  ratio  target',
      '-----------  -----------  --------  -----  ------------  ------',
      'one process  400 /s       800 /s    0.5 ×  ≥ 400 /s      met',
      'commits      7 per clip                    ≤ 6 per clip  missed',
      'statements   31 per clip',
    ])
  })
})

describe('timings', () => {
  it('tell percentiles and the longest in milliseconds', () => {
    const timings = createTimings()
    for (let milliseconds = 1; milliseconds <= 100; milliseconds += 1) timings.record(milliseconds)
    expect(timings.count).toBe(100)
    // The histogram keeps three digits.
    expect(timings.percentile(50)).toBeCloseTo(50, 0)
    expect(timings.percentile(99)).toBeCloseTo(99, 0)
    expect(timings.longest).toBeCloseTo(100, 0)
  })

  it('are 0 without a record', () => {
    expect(createTimings().percentile(99)).toBe(0)
    expect(createTimings().longest).toBe(0)
  })
})
