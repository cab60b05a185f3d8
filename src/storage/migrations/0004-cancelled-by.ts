import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Who cancelled, because the member is told. */
export const cancelledBy: Migration = {
  async up(database: Kysely<unknown>) {
    await database.schema.alterTable('generations').addColumn('cancelled_by', 'text').execute()
    // Nobody noted it until now, and it was nearly always the requester.
    await sql`update generations set cancelled_by = 'requester' where cancel_requested_at is not null`.execute(database)
  },
}
