import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Gives tables, columns and stored fields the names that the code uses. No row is added or removed. */
export const standardNames: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database
    await schema.alterTable('hosts').renameTo('provider_state').execute()
    await schema.alterTable('lines').renameTo('queue_turns').execute()
    await schema.alterTable('frames').renameTo('images').execute()
    await schema.alterTable('workers').renameColumn('hosts', 'providers').execute()
    await schema.alterTable('generations').renameColumn('noticed_at', 'notified_at').execute()
    await schema.alterTable('attempts').renameColumn('frames', 'images').execute()
    await schema.alterTable('attempts').renameColumn('outcome', 'end_reason').execute()
    await schema.alterTable('attempts').renameColumn('host_cost', 'provider_cost').execute()

    // In a JSON string every quote is escaped, so no prompt contains this text.
    await sql`update generations set request = replace(request, '"startFrame":', '"firstFrame":')`.execute(database)
    await sql`update attempts set images = replace(images, '"startFrame":', '"firstFrame":')`.execute(database)
  },
}
