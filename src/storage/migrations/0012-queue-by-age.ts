import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The queue by age. Its index begins with the state, because SQLite takes any index that does for better than one without. */
export const queueByAge: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema.dropIndex('generations_queued').execute()
    await schema
      .createIndex('generations_queued_by_age')
      .on('generations')
      .columns(['state', 'created_at', 'id'])
      .where(sql.ref('state'), '=', sql.lit('queued'))
      .execute()
  },
}
