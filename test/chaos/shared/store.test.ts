import { sql } from 'kysely'
import { expect, it } from 'vitest'

import { openAttempt } from '../../../src/generations/store/attempts.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { openPostgresStore } from './store.ts'

it.skipIf(!hasPostgres)('a settled read has what the server was still about to commit', async () => {
  const url = await temporaryPostgres()
  const database = await openPlace({ url })
  const { statements } = database
  const { id } = await acceptGeneration(database)
  await statements.updateTable('generations').set({ state: 'submitting', owner: 'a' }).where('id', '=', id).execute()
  await openAttempt(database, { generationId: id, provider: 'fal', owner: 'a', now: 1 })
  const store = openPostgresStore(url)
  const waiting = sql`select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  let reading: ReturnType<typeof store.read> | undefined
  await database.transaction(async (transaction) => {
    await transaction.updateTable('attempts').set({ state: 'sent' }).execute()
    let isRead = false
    reading = store.readSettled().finally(() => (isRead = true))
    await expect.poll(async () => isRead || (await waiting.execute(statements)).rows.length > 0).toBe(true)
  })
  expect((await reading)?.attempts).toMatchObject([{ state: 'sent' }])
})
