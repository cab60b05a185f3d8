import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** How long a finished clip can be fetched, and which process is notifying the requester. */
export const delivery: Migration = {
  async up({ schema }: Kysely<unknown>) {
    // Of what is being delivered now, the owner stores it when it continues.
    await schema.alterTable('generations').addColumn('output_expires_at', 'bigint').execute()
    await schema.alterTable('generations').addColumn('notifying_until', 'bigint').execute()
  },
}
