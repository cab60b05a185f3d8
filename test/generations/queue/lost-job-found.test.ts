import { describe, expect, it } from 'vitest'

import type { ProviderId } from '../../../src/domain/provider-id.ts'
import { blockProvider, listBlocked, unblockFound } from '../../../src/generations/queue/provider-blocks.ts'
import { type Attempt, openAttempt, recordLostResponse } from '../../../src/generations/store/attempts.ts'
import { recordOperation } from '../../../src/generations/store/provider-facts.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { markSent } from '../../support/store/attempts.ts'

const now = Date.UTC(2026, 10, 20, 12)
const owner = 'this-process'

/** A create call whose response was lost. */
async function loseCreate(database: Database, provider: ProviderId, sentAt: number): Promise<Attempt> {
  const { id } = await acceptGeneration(database, { provider })
  await database.statements.updateTable('generations').set({ state: 'submitting', owner }).where('id', '=', id).execute()
  const attempt = await openAttempt(database, { generationId: id, provider, owner, now: sentAt })
  await markSent(database, { attempt, owner }, {}, sentAt)
  await recordLostResponse(database, { attempt, owner }, { endReason: 'submission_unknown', now: sentAt })
  return attempt
}

describe.each(stores)('a provider that lost a create call whose job is found on $name', (store) => {
  it('gets create calls again', async () => {
    const database = await openStore(store)
    await loseCreate(database, 'fal', now)
    await blockProvider(database, 'fal', 'submission_unknown', { now })
    await unblockFound(database.statements, 'fal', now)
    expect(await listBlocked(database.statements)).toEqual(new Map())
  })

  it('stays blocked where it lost another one since', async () => {
    const database = await openStore(store)
    await loseCreate(database, 'fal', now)
    await loseCreate(database, 'fal', now + 1)
    await blockProvider(database, 'fal', 'submission_unknown', { now })
    await unblockFound(database.statements, 'fal', now)
    expect(await listBlocked(database.statements)).toEqual(new Map([['fal', 'submission_unknown']]))
  })

  it('gets create calls again although another provider lost one since', async () => {
    const database = await openStore(store)
    await loseCreate(database, 'fal', now)
    await loseCreate(database, 'replicate', now + 1)
    await blockProvider(database, 'fal', 'submission_unknown', { now })
    await unblockFound(database.statements, 'fal', now)
    expect(await listBlocked(database.statements)).toEqual(new Map())
  })

  it('gets create calls again although it lost one since, if that job was found as well', async () => {
    const database = await openStore(store)
    await loseCreate(database, 'fal', now)
    const later = await loseCreate(database, 'fal', now + 1)
    await recordOperation(database.statements, later.id, { id: 'the-later-job' })
    await blockProvider(database, 'fal', 'submission_unknown', { now })
    await unblockFound(database.statements, 'fal', now)
    expect(await listBlocked(database.statements)).toEqual(new Map())
  })
})
