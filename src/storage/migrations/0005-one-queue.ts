import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** One queue for all providers: turns belong to guilds and members, no longer to a provider's queue. */
export const oneQueue: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database
    await schema
      .createTable('queue_state')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('served', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
    await sql`insert into queue_state (id, served) select 1, coalesce(max(served), 0) from provider_state`.execute(database)

    // SQLite cannot change a primary key.
    await schema.alterTable('queue_turns').renameTo('queue_turns_by_provider').execute()
    await schema
      .createTable('queue_turns')
      .addColumn('guild_id', 'text', (column) => column.notNull())
      .addColumn('member_id', 'text', (column) => column.notNull())
      .addColumn('last_served', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('one_turn', ['guild_id', 'member_id'])
      .execute()
    await sql`
      insert into queue_turns (guild_id, member_id, last_served)
      select guild_id, member_id, max(last_served) from queue_turns_by_provider group by guild_id, member_id`.execute(database)
    await schema.dropTable('queue_turns_by_provider').execute()

    await schema.alterTable('provider_state').dropColumn('served').execute()
    // Nobody noted it until now: an absence counts from the start of the first worker.
    await schema
      .alterTable('provider_state')
      .addColumn('served_at', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()

    await schema.dropIndex('generations_by_line').execute()
    await schema
      .createIndex('generations_by_turn')
      .on('generations')
      .columns(['state', 'guild_id', 'member_id', 'candidates', 'id'])
      .execute()
  },
}
