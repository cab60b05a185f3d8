import { join } from 'node:path'

import SQLite from 'better-sqlite3'
import { type CompiledQuery, Kysely } from 'kysely'
import { describe, expect, it, onTestFinished } from 'vitest'

import { openAttempt } from '../../src/generations/store/attempts.ts'
import { adoptAll, listOwned } from '../../src/generations/worker/orphans.ts'
import { createRetention } from '../../src/generations/worker/retention.ts'
import { createLog } from '../../src/lib/log.ts'
import { type Database, openDatabase } from '../../src/storage/database.ts'
import { storeImage } from '../../src/storage/images.ts'
import type { Schema } from '../../src/storage/schema.ts'
import { createSqliteDialect } from '../../src/storage/sqlite/dialect.ts'
import { temporaryFolder } from '../support/store/database.ts'
import { acceptGeneration } from '../support/store/generations.ts'

const day = 24 * 60 * 60_000
const now = Date.UTC(2026, 10, 21)
const clock = { now: () => now, sleep: () => Promise.resolve() }

/** A statement, and how SQLite finds its rows: one line for each table. */
interface Plan {
  statement: string
  steps: string[]
}

/** The plans of all statements that `work` sends, in a store with one generation that is long over. */
async function plansOf(work: (database: Database) => Promise<unknown>): Promise<Plan[]> {
  const file = join(temporaryFolder(), 'rushes.db')
  const database = await openDatabase({ file })
  onTestFinished(() => database.close())
  await putOld(database)

  const queries: CompiledQuery[] = []
  const log = (event: { query?: CompiledQuery }) => {
    if (event.query) queries.push(event.query)
  }
  const statements = new Kysely<Schema>({ dialect: createSqliteDialect(file), log })
  onTestFinished(() => statements.destroy())
  const logged: Database = { ...database, statements, transaction: (inside) => statements.transaction().execute(inside) }
  await work(logged)

  const plain = new SQLite(file, { readonly: true })
  onTestFinished(() => {
    plain.close()
  })
  return queries
    .filter(({ sql }) => /^(select|update|delete)/.test(sql))
    .map(({ sql: statement, parameters }) => {
      const rows = plain.prepare<unknown[], { detail: string }>(`explain query plan ${statement}`).all(...parameters)
      return { statement, steps: rows.map(({ detail }) => detail) }
    })
}

async function putOld(database: Database): Promise<void> {
  const { statements } = database
  const at = now - 31 * day
  await storeImage(statements, { sha256: 'unused', mediaType: 'image/png', width: 1, height: 1, sizeBytes: 1, bytes: Uint8Array.of(1) }, at)
  const { id } = await acceptGeneration(database, { now: at })
  const generation = statements.updateTable('generations').where('id', '=', id)
  await generation.set({ state: 'submitting', owner: 'a' }).execute()
  const { id: attemptId } = await openAttempt(database, { generationId: id, provider: 'fal', owner: 'a', now: at })
  await statements
    .insertInto('webhook_events')
    .values({ attempt_id: attemptId, delivery_id: 'one', operation: '{}', received_at: at })
    .execute()
  await generation.set({ state: 'failed', ended_at: at }).execute()
}

/** `SCAN` reads every row of the table. */
const scans = ({ steps }: Plan) => steps.some((step) => step.startsWith('SCAN'))

describe('on SQLite, where a statement keeps the whole bot waiting, an index finds the rows of', () => {
  it('retention, which reads no image', async () => {
    const log = createLog({ level: 'silent' })
    const plans = await plansOf((database) => createRetention({ database, clock, log, retentionMs: 30 * day }).run())
    const tables = plans.map(({ statement }) => /(?:from|update) "(\w+)"/.exec(statement)?.[1])
    expect(new Set(tables)).toEqual(new Set(['generations', 'attempts', 'generation_images', 'webhook_events', 'images']))
    expect(plans.filter(scans)).toEqual([])
    // By time, not by state: most generations are over, and stay.
    const steps = plans.flatMap((plan) => plan.steps)
    for (const step of [
      'generations USING INDEX generations_with_token (created_at<?)',
      'generations USING INDEX generations_to_erase (ended_at<?)',
      'webhook_events USING INDEX webhook_events_by_time (received_at<?)',
      'images USING COVERING INDEX images_by_time (created_at<?)',
    ])
      expect(steps).toContain(`SEARCH ${step}`)
  })

  it('orphans', async () => {
    const plans = await plansOf(async (database) => {
      await adoptAll(database, { owner: 'b', mayAdopt: () => true })
      await listOwned(database, 'b', new Set())
    })
    expect(plans).toHaveLength(2)
    expect(plans.filter(scans)).toEqual([])
  })
})
