import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Providers that get no create call until a free call to them has succeeded. */
export const providerBlocks: Migration = {
  async up({ schema }: Kysely<unknown>) {
    // One statement each: SQLite adds one column at a time.
    await schema.alterTable('provider_state').addColumn('blocked_reason', 'text').execute()
    await schema.alterTable('provider_state').addColumn('blocked_at', 'bigint').execute()
    await schema.alterTable('provider_state').addColumn('probe_at', 'bigint').execute()
    await schema
      .alterTable('provider_state')
      .addColumn('probes_failed', 'integer', (column) => column.notNull().defaultTo(0))
      .execute()
  },
}
