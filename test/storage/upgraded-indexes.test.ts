import { sql } from 'kysely'
import { describe, expect, it } from 'vitest'

import type { StoreLocation } from '../../src/config/config.ts'
import { openAlongside } from '../../src/storage/database.ts'
import { restoreFixture } from './earlier-store.ts'
import { earlierStores } from './earlier-versions.ts'
import { openPlace } from './stores.ts'

/** The statements that create them. */
async function readIndexes(location: StoreLocation): Promise<string[]> {
  const definitions =
    'file' in location
      ? sql<{ definition: string }>`select sql as definition from sqlite_master where type = 'index' and sql is not null`
      : sql<{ definition: string }>`select indexdef as definition from pg_indexes where schemaname = current_schema()`
  const database = openAlongside(location)
  try {
    const { rows } = await definitions.execute(database.statements)
    return rows.map(({ definition }) => definition).sort()
  } finally {
    await database.close()
  }
}

describe.each(earlierStores)('a store of version $version.name on $store.name', ({ version, store }) => {
  it('has the indexes of a new store once it is upgraded', async () => {
    const [location, empty] = [await store.place(), await store.placeWithTables()]
    await restoreFixture(version, location)
    await (await openPlace(location)).close()
    const indexes = await readIndexes(location)
    expect(indexes.length).toBeGreaterThan(10)
    expect(indexes).toEqual(await readIndexes(empty))
  })
})
