import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Finds old images without reading them: SQLite stores a row's bytes before the time at its end. */
export const imageIndex: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema.createIndex('images_by_time').on('images').columns(['created_at', 'sha256']).execute()
  },
}
