import { describe, expect, it } from 'vitest'

import type { LedgerKind } from '../../src/storage/schema.ts'
import { restoreFixture } from './earlier-store.ts'
import { earlierStores } from './earlier-versions.ts'
import { openPlace } from './stores.ts'

const settlements: readonly LedgerKind[] = ['capture', 'capture-installation', 'release', 'release-installation', 'assumed']

describe.each(earlierStores)('the ledger of an upgraded store of version $version.name on $store.name', ({ version, store }) => {
  it('takes one row of each kind for a generation, and any number of corrections after those that it had', async () => {
    const location = await store.place()
    await restoreFixture(version, location)
    const { statements } = await openPlace(location)
    const rows = await statements.selectFrom('ledger').selectAll().orderBy('sequence').execute()
    const captured = rows.find(({ kind }) => kind === 'capture')
    if (!captured) throw new Error('the fixture has no capture')
    const { sequence, ...row } = captured
    const add = (kind: typeof row.kind) =>
      statements
        .insertInto('ledger')
        .values({ ...row, kind })
        .returning('sequence')
        .executeTakeFirstOrThrow()
    expect(sequence).toBeGreaterThan(0)
    for (const kind of ['reserve', 'capture'] as const) await expect(add(kind)).rejects.toThrow(/unique/i)
    const added = [await add('correction-guild'), await add('correction-guild'), await add('correction-installation')]
    for (const later of added) expect(later.sequence).toBeGreaterThan(rows.at(-1)?.sequence ?? 0)
  })

  it('takes one settlement for a generation, of whatever kind', async () => {
    const location = await store.place()
    await restoreFixture(version, location)
    const { statements } = await openPlace(location)
    const settled = await statements.selectFrom('ledger').selectAll().where('kind', 'in', settlements).execute()
    const reserved = await statements.selectFrom('ledger').selectAll().where('kind', '=', 'reserve').execute()
    const open = reserved.find(({ generation_id: id }) => settled.every(({ generation_id: other }) => other !== id))
    if (!open) throw new Error('the fixture has no open reservation')
    const { sequence, ...row } = open
    const add = (kind: LedgerKind) =>
      statements
        .insertInto('ledger')
        .values({ ...row, kind })
        .execute()
    expect(sequence).toBeGreaterThan(0)
    for (const kind of settlements) {
      await add(kind)
      for (const second of settlements) await expect(add(second), `${second} after ${kind}`).rejects.toThrow(/unique/i)
      await statements.deleteFrom('ledger').where('generation_id', '=', row.generation_id).where('kind', '=', kind).execute()
    }
  })
})
