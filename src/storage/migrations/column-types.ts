import { type ColumnDefinitionBuilder, type RawBuilder, sql } from 'kysely'

export type Dialect = 'sqlite' | 'postgres'

/** The columns whose type differs between the databases. */
export interface ColumnTypes {
  bytes: RawBuilder<unknown>
  /** A number that grows with every row; created with `counts`. */
  sequence: 'integer' | 'bigint'
  counts: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder
}

export const columnTypes: Record<Dialect, ColumnTypes> = {
  sqlite: { bytes: sql`blob`, sequence: 'integer', counts: (column) => column.primaryKey().autoIncrement() },
  postgres: { bytes: sql`bytea`, sequence: 'bigint', counts: (column) => column.primaryKey().generatedAlwaysAsIdentity() },
}
