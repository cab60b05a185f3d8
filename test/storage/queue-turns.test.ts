import { describe, expect, it } from 'vitest'

import { restoreFixture } from './earlier-store.ts'
import { earlierStores } from './earlier-versions.ts'
import { openPlace } from './stores.ts'

/** Since 0005 all providers share one count of turns. */
const withTurnsOfEach = earlierStores.filter(({ version }) => !version.migrations.includes('0005-one-queue'))

describe.each(withTurnsOfEach)('a store of version $version.name on $store.name', ({ version, store }) => {
  it('serves its guilds and members in turn, as all providers together did', async () => {
    const location = await store.place()
    await restoreFixture(version, location)
    const database = await openPlace(location)
    const turns = await database.statements.selectFrom('queue_turns').select(['member_id', 'last_served']).orderBy('member_id').execute()
    expect(await database.statements.selectFrom('queue_state').selectAll().execute()).toEqual([{ id: 1, served: 9 }])
    await database.close()
    expect(turns.map((turn) => [turn.member_id, turn.last_served])).toEqual([
      ['', 9],
      ['400000000000000001', 8],
      ['400000000000000002', 9],
    ])
  })
})
