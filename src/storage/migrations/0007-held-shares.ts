import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

import type { Dialect } from './0001-first.ts'

/** A guild's share of a held reservation can be released, an implausible cost is kept as it was printed, and an operator can correct the ledger. */
export function heldShares(dialect: Dialect): Migration {
  return {
    async up(database: Kysely<unknown>) {
      const { schema } = database
      await schema.alterTable('generations').addColumn('guild_released_at', 'bigint').execute()
      await schema.alterTable('attempts').addColumn('implausible_cost', 'text').execute()
      if (dialect === 'sqlite') await rebuildLedger(database)
      else await schema.alterTable('ledger').dropConstraint('one_row_per_take_and_kind').execute()
      await schema.alterTable('ledger').addColumn('reason', 'text').execute()
      // There may be several corrections of one generation.
      await schema
        .createIndex('one_row_per_take_and_kind')
        .on('ledger')
        .columns(['generation_id', 'take', 'kind'])
        .unique()
        .where(sql.ref('kind'), 'not in', ['correction-guild', 'correction-installation'])
        .execute()
      // A reservation is settled once, in one of these ways.
      await schema
        .createIndex('one_settlement_per_take')
        .on('ledger')
        .columns(['generation_id', 'take'])
        .unique()
        .where(sql.ref('kind'), 'in', ['capture', 'capture-installation', 'release', 'release-installation', 'assumed'])
        .execute()
    },
  }
}

/** SQLite cannot drop a constraint: the rows move into a table without it. */
async function rebuildLedger(database: Kysely<unknown>): Promise<void> {
  const { schema } = database
  await schema
    .createTable('new_ledger')
    .addColumn('sequence', 'integer', (column) => column.primaryKey().autoIncrement())
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
    .execute()
  await sql`insert into new_ledger select * from ledger`.execute(database)
  await schema.dropTable('ledger').execute()
  await schema.alterTable('new_ledger').renameTo('ledger').execute()
}
