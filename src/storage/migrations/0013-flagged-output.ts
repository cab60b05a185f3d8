import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Whether the provider's own content check flagged the clip. */
export const flaggedOutput: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .alterTable('generations')
      .addColumn('output_flagged', 'bigint', (column) => column.notNull().defaultTo(0))
      .execute()
  },
}
