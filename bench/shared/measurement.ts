/** What a value, or its ratio to the baseline, should be at the most or at the least. */
export type Target = ({ atMost: number } | { atLeast: number }) & { of: 'value' | 'ratio' }

export interface Measured {
  /** What was measured, for instance `PostgreSQL, 4 processes: clips`. */
  case: string
  value: number
  /** For instance `ms`, `/s` or `MB`. */
  unit: string
  /** The same measured in the same run for something else, in the same unit. */
  baseline?: number | undefined
  target?: Target | undefined
}

/** One line of a run. A field that does not apply is left out. */
export interface Measurement {
  bench: string
  case: string
  value: number
  unit: string
  baseline?: number
  /** The value divided by the baseline. */
  ratio?: number
  target?: string
  /** Whether the target is met. */
  ok?: boolean
}

export function toMeasurement(bench: string, measured: Measured): Measurement {
  const { baseline, target, unit } = measured
  const ratio = baseline === undefined || baseline === 0 ? undefined : measured.value / baseline
  const judged = target?.of === 'ratio' ? ratio : measured.value
  return {
    ...{ bench, case: measured.case, value: round(measured.value), unit },
    ...(baseline !== undefined && { baseline: round(baseline) }),
    ...(ratio !== undefined && { ratio: round(ratio) }),
    ...(target && { target: describeTarget(target, unit) }),
    // Judged before rounding, so that 20.4 is not 20.
    ...(target && { ok: judged !== undefined && isMet(target, judged) }),
  }
}

/** The measurements with a heading, in columns. */
export function renderTable(measurements: readonly Measurement[]): string {
  const rows = [
    ['case', 'value', 'baseline', 'ratio', 'target', ''],
    ...measurements.map((each) => [
      each.case,
      `${each.value} ${each.unit}`,
      each.baseline === undefined ? '' : `${each.baseline} ${each.unit}`,
      each.ratio === undefined ? '' : `${each.ratio} ×`,
      each.target ?? '',
      each.ok === undefined ? '' : each.ok ? 'met' : 'missed',
    ]),
  ]
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '))
  return lines.map((line) => line.trimEnd()).join('\n')
}

function isMet(target: Target, value: number): boolean {
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast
}

function describeTarget(target: Target, unit: string): string {
  const limit = 'atMost' in target ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`
  return `${limit} ${target.of === 'ratio' ? '×' : unit}`
}

/** Three significant digits say all that a measurement on a shared machine can; large counts stay whole. */
function round(value: number): number {
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3))
}
