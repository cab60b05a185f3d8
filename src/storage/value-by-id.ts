import { type RawBuilder, sql } from 'kysely'

/** For an update of several rows: the value of each. All rows of the statement must be among them. Numbers and nulls need the type of their column. */
export function valueById<Value extends string | number | null>(
  values: readonly (readonly [id: string, value: Value])[],
  type: 'text' | 'bigint' = 'text',
): RawBuilder<Value> {
  const cases = values.map(([id, value]) => sql`when ${id} then cast(${value} as ${sql.raw(type)})`)
  return sql<Value>`case id ${sql.join(cases, sql` `)} end`
}

/**
 * A value to compare a column with, beside a list of ids, without a search by an index of that column: of all rows in one state, for instance, which SQLite
 * prefers to the rows with these ids.
 */
export function notIndexed<const Value extends string>(value: Value): RawBuilder<Value> {
  return sql<Value>`coalesce(${value}, id)`
}
