import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What several processes need to know of one another. */
export const shared: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createTable('workers')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('role', 'text', (column) => column.notNull())
      .addColumn('hosts', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('heartbeat_at', 'bigint', (column) => column.notNull())
      .execute()

    await schema
      .alterTable('generations')
      .addColumn('card_edits', 'integer', (column) => column.notNull().defaultTo(0))
      .execute()
  },
}
