import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Which generation names which image, and what is needed to find what may be erased. */
export const retention: Migration = {
  async up(database: Kysely<unknown>) {
    const { schema } = database
    await schema
      .createTable('generation_images')
      .addColumn('generation_id', 'text', (column) => column.notNull().references('generations.id'))
      .addColumn('sha256', 'text', (column) => column.notNull().references('images.sha256'))
      .addPrimaryKeyConstraint('one_row_per_generation_and_image', ['generation_id', 'sha256'])
      .execute()
    await schema.createIndex('generation_images_by_image').on('generation_images').column('sha256').execute()
    // One image at a time: the requests are searched as text, because one that is not JSON must not stop the start. In JSON a prompt's quotes are escaped.
    const images = await sql<{ sha256: string }>`select sha256 from images`.execute(database)
    for (const { sha256 } of images.rows) {
      await sql`insert into generation_images (generation_id, sha256)
        select id, ${sql.lit(sha256)} from generations where request like ${sql.lit(`%"sha256":"${sha256}"%`)}`.execute(database)
    }

    await schema.alterTable('generations').addColumn('erased_at', 'bigint').execute()
    await schema.createIndex('generations_to_erase').on('generations').column('ended_at').where(sql.ref('erased_at'), 'is', null).execute()
    await schema
      .createIndex('generations_with_token')
      .on('generations')
      .column('created_at')
      .where(sql.ref('interaction_token'), '!=', sql.lit(''))
      .execute()
    await schema.createIndex('webhook_events_by_time').on('webhook_events').column('received_at').execute()
  },
}
