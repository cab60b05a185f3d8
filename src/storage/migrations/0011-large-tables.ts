import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Finds the few rows that are looked for among the many that are over, without reading these. */
export const largeTables: Migration = {
  async up({ schema }: Kysely<unknown>) {
    await schema
      .createIndex('generations_queued')
      .on('generations')
      .columns(['created_at', 'id'])
      .where(sql.ref('state'), '=', sql.lit('queued'))
      .execute()
    await schema
      .createIndex('generations_to_announce')
      .on('generations')
      .columns(['state', 'ended_at'])
      .where(sql.ref('state'), 'in', [sql.lit('failed'), sql.lit('cancelled'), sql.lit('held')])
      .where(sql.ref('notified_at'), 'is', null)
      .where(sql.ref('erased_at'), 'is', null)
      .execute()
    await schema.createIndex('generations_by_reference').on('generations').column('reference').execute()
    await schema
      .createIndex('attempts_implausible')
      .on('attempts')
      .column('id')
      .where(sql.ref('implausible_cost'), 'is not', null)
      .execute()
    // The unique indexes leave out some kinds, so not every search by generation can use them.
    await schema.createIndex('ledger_by_generation').on('ledger').column('generation_id').execute()
    await schema.createIndex('ledger_assumed').on('ledger').column('sequence').where(sql.ref('kind'), '=', sql.lit('assumed')).execute()
  },
}
