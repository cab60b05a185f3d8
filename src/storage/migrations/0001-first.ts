import { type ColumnDefinitionBuilder, type Kysely, type RawBuilder, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

export type Dialect = 'sqlite' | 'postgres'

/** The columns whose type differs between the databases. */
interface ColumnTypes {
  bytes: RawBuilder<unknown>
  /** A number that grows with every row; created with `counts`. */
  sequence: 'integer' | 'bigint'
  counts: (column: ColumnDefinitionBuilder) => ColumnDefinitionBuilder
}

const columnTypes: Record<Dialect, ColumnTypes> = {
  sqlite: { bytes: sql`blob`, sequence: 'integer', counts: (column) => column.primaryKey().autoIncrement() },
  postgres: { bytes: sql`bytea`, sequence: 'bigint', counts: (column) => column.primaryKey().generatedAlwaysAsIdentity() },
}

/** The tables of the first version. A landed migration is never edited: the next change is the next file. */
export function first(dialect: Dialect): Migration {
  return { up: (database: Kysely<unknown>) => createTables(database, columnTypes[dialect]) }
}

async function createTables({ schema }: Kysely<unknown>, types: ColumnTypes): Promise<void> {
  await schema
    .createTable('generations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('owner', 'text')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('candidates', 'text', (column) => column.notNull())
    .addColumn('request', 'text', (column) => column.notNull())
    .addColumn('price', 'bigint', (column) => column.notNull())
    .addColumn('member_id', 'text', (column) => column.notNull())
    .addColumn('guild_id', 'text', (column) => column.notNull())
    .addColumn('channel_id', 'text', (column) => column.notNull())
    .addColumn('application_id', 'text', (column) => column.notNull())
    .addColumn('interaction_id', 'text', (column) => column.notNull().unique())
    .addColumn('interaction_token', 'text', (column) => column.notNull())
    .addColumn('attachment_size_limit', 'bigint', (column) => column.notNull())
    .addColumn('locale', 'text', (column) => column.notNull())
    .addColumn('message_id', 'text')
    .addColumn('day_key', 'text', (column) => column.notNull())
    .addColumn('month_key', 'text', (column) => column.notNull())
    .addColumn('installation_day_key', 'text', (column) => column.notNull())
    .addColumn('installation_month_key', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('started_at', 'bigint')
    .addColumn('ended_at', 'bigint')
    .addColumn('cancel_requested_at', 'bigint')
    .addColumn('end_reason', 'text')
    .addColumn('captured', 'integer', (column) => column.notNull().defaultTo(0))
    .addColumn('reference', 'text', (column) => column.notNull())
    .addColumn('output_url', 'text')
    .addColumn('noticed_at', 'bigint')
    .addColumn('held_decision', 'text')
    .execute()
  await schema.createIndex('generations_by_line').on('generations').columns(['state', 'provider', 'guild_id']).execute()

  await schema
    .createTable('attempts')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('generation_id', 'text', (column) => column.notNull().references('generations.id'))
    .addColumn('take', 'integer', (column) => column.notNull())
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('frames', 'text')
    .addColumn('sent_at', 'bigint')
    .addColumn('outcome', 'text')
    .addColumn('operation', 'text')
    .addColumn('operation_id', 'text')
    .addColumn('host_cost', 'bigint')
    .addColumn('webhook_token', 'text', (column) => column.notNull().unique())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addColumn('ended_at', 'bigint')
    .addUniqueConstraint('one_attempt_per_operation', ['provider', 'operation_id'])
    .execute()
  await schema.createIndex('attempts_by_generation').on('attempts').column('generation_id').execute()

  await schema
    .createTable('wallets')
    .addColumn('scope', 'text', (column) => column.notNull())
    .addColumn('owner_id', 'text', (column) => column.notNull())
    .addColumn('period', 'text', (column) => column.notNull())
    .addColumn('period_key', 'text', (column) => column.notNull())
    .addColumn('reserved', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('spent', 'bigint', (column) => column.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('one_wallet_per_period', ['scope', 'owner_id', 'period', 'period_key'])
    .execute()

  await schema
    .createTable('ledger')
    .addColumn('sequence', types.sequence, types.counts)
    .addColumn('generation_id', 'text', (column) => column.notNull().references('generations.id'))
    .addColumn('take', 'integer', (column) => column.notNull())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('amount', 'bigint', (column) => column.notNull())
    .addColumn('guild_id', 'text', (column) => column.notNull())
    .addColumn('day_key', 'text', (column) => column.notNull())
    .addColumn('month_key', 'text', (column) => column.notNull())
    .addColumn('installation_day_key', 'text', (column) => column.notNull())
    .addColumn('installation_month_key', 'text', (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .addUniqueConstraint('one_row_per_take_and_kind', ['generation_id', 'take', 'kind'])
    .execute()

  await schema
    .createTable('hosts')
    .addColumn('provider', 'text', (column) => column.primaryKey())
    .addColumn('next_create_at', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('closed_until', 'bigint', (column) => column.notNull().defaultTo(0))
    .addColumn('served', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute()

  await schema
    .createTable('lines')
    .addColumn('provider', 'text', (column) => column.notNull())
    .addColumn('guild_id', 'text', (column) => column.notNull())
    .addColumn('member_id', 'text', (column) => column.notNull())
    .addColumn('last_served', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('one_line', ['provider', 'guild_id', 'member_id'])
    .execute()

  await schema
    .createTable('webhook_events')
    .addColumn('attempt_id', 'text', (column) => column.notNull().references('attempts.id'))
    .addColumn('delivery_id', 'text', (column) => column.notNull())
    .addColumn('operation', 'text', (column) => column.notNull())
    .addColumn('received_at', 'bigint', (column) => column.notNull())
    .addPrimaryKeyConstraint('one_event_per_delivery', ['attempt_id', 'delivery_id'])
    .execute()

  await schema
    .createTable('frames')
    .addColumn('sha256', 'text', (column) => column.primaryKey())
    .addColumn('media_type', 'text', (column) => column.notNull())
    .addColumn('width', 'integer', (column) => column.notNull())
    .addColumn('height', 'integer', (column) => column.notNull())
    .addColumn('size_bytes', 'integer', (column) => column.notNull())
    .addColumn('bytes', types.bytes, (column) => column.notNull())
    .addColumn('created_at', 'bigint', (column) => column.notNull())
    .execute()

  await schema
    .createTable('keyv')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('value', 'text', (column) => column.notNull())
    .addColumn('expires_at', 'bigint')
    .execute()
}
