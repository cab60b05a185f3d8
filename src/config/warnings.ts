import { formatUsd, type MicroUsd } from '../domain/money.ts'
import { type Environment, readVariable } from './environment.ts'

/** A sentence for each variable that is set but not read, and whose name is nearly that of one which is read and not set. Values are never repeated. */
export function misspeltVariables(environment: Environment, known: readonly string[]): string[] {
  const unset = known.filter((name) => readVariable(environment, name) === undefined)
  const others = Object.keys(environment).filter((name) => !known.includes(name) && readVariable(environment, name) !== undefined)
  return others.flatMap((name) => {
    const normal = name.toUpperCase().replaceAll('-', '_')
    const meant = unset.find((candidate) => differences(normal, candidate) <= toleratedIn(candidate))
    return meant === undefined ? [] : [`${name} is set, but no such variable is read: ${meant} is probably meant.`]
  })
}

/** A sentence for each daily budget that can never be spent. */
export function unreachableBudgets(budgets: readonly { prefix: string; day: MicroUsd; month: MicroUsd }[]): string[] {
  return budgets
    .filter(({ day, month }) => day > month)
    .map(
      ({ prefix, day, month }) =>
        `${prefix}_DAY_USD (${formatUsd(day)}) is more than ${prefix}_MONTH_USD (${formatUsd(month)}), which ends first: lower one or raise the other.`,
    )
}

/** In a name of four letters, every other word is near. */
function toleratedIn(name: string): number {
  return name.length < 6 ? 0 : name.length < 10 ? 1 : 2
}

/** How many letters must be added, dropped, replaced or swapped with their neighbour to turn one word into the other. */
function differences(word: string, other: string): number {
  if (Math.abs(word.length - other.length) > 2) return Infinity
  const rows: number[][] = [Array.from({ length: other.length + 1 }, (_, index) => index)]
  const at = (row: number, column: number) => rows[row]?.[column] ?? Infinity
  for (let row = 1; row <= word.length; row += 1) {
    rows.push([row])
    for (let column = 1; column <= other.length; column += 1) {
      const replaced = at(row - 1, column - 1) + (word[row - 1] === other[column - 1] ? 0 : 1)
      const isSwapped = word[row - 1] === other[column - 2] && word[row - 2] === other[column - 1]
      const swapped = isSwapped ? at(row - 2, column - 2) + 1 : Infinity
      rows[row]?.push(Math.min(at(row - 1, column) + 1, at(row, column - 1) + 1, replaced, swapped))
    }
  }
  return at(word.length, other.length)
}
