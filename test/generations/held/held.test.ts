import { describe, expect, it } from 'vitest'

import { decideHeld, type HeldFilter, listHeld } from '../../../src/generations/held/held.ts'
import type { Database } from '../../../src/storage/database.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

async function acceptHeld(database: Database, provider: string, endedAt: number, jobId?: string) {
  const { id, reference } = await acceptGeneration(database, { provider })
  const attempt = { generation_id: id, take: 1, provider, created_at: 1 }
  await database.statements
    .insertInto('attempts')
    .values([
      { ...attempt, id: `${id}-1`, state: 'refused', webhook_token: `${id}-1`, operation_id: `earlier-${id}` },
      { ...attempt, id: `${id}-2`, state: 'unknown', webhook_token: `${id}-2`, operation_id: jobId },
    ])
    .execute()
  await database.statements.updateTable('generations').set({ state: 'held', ended_at: endedAt }).where('id', '=', id).execute()
  return reference
}

describe.each(stores)('held requests on $name', (store) => {
  it("are listed with the provider's id of the latest job", async () => {
    const database = await openStore(store)
    expect(await listHeld(database.statements)).toEqual([])
    const references = [await acceptHeld(database, 'fal', 10, 'job'), await acceptHeld(database, 'runware', 20)]
    expect(await listHeld(database.statements)).toMatchObject([
      { reference: references[0], provider: 'fal', jobId: 'job', heldAt: 10, guildReleased: false, decision: undefined },
      { reference: references[1], provider: 'runware', jobId: undefined, heldAt: 20 },
    ])
  })

  it.each<[HeldFilter, string]>([
    [{}, 'fal 10, fal 20, runware 10'],
    [{ provider: 'fal' }, 'fal 10, fal 20'],
    [{ before: 20 }, 'fal 10, runware 10'],
    [{ provider: 'fal', before: 20 }, 'fal 10'],
    [{ provider: 'replicate' }, ''],
    [{ reference: 'ffffffff' }, ''],
  ])('that fit %j are decided, once', async (filter, expected) => {
    const database = await openStore(store)
    for (const [provider, endedAt] of [
      ['fal', 10],
      ['fal', 20],
      ['runware', 10],
    ] as const)
      await acceptHeld(database, provider, endedAt)
    await acceptGeneration(database)
    const count = expected === '' ? 0 : expected.split(', ').length
    expect(await decideHeld(database.statements, filter, 'free')).toHaveLength(count)
    expect(await decideHeld(database.statements, filter, 'billed')).toEqual([])
    const decided = (await listHeld(database.statements)).filter(({ decision }) => decision === 'free')
    expect(decided.map(({ provider, heldAt }) => `${provider} ${heldAt}`).join(', ')).toBe(expected)
  })
})
