import { describe, expect, it } from 'vitest'

import { readWaiting } from '../../../src/generations/queue/waiting-members.ts'
import { StoredRowError } from '../../../src/storage/json-columns.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { claim, claimAll } from '../../support/store/claims.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const now = Date.UTC(2026, 10, 20, 12)
const roomy = { id: 'fal', concurrency: 10, createsPerMinute: 10_000 } as const
const owner = 'this-process'

describe.each(stores)('a member who waits on $name', (store) => {
  it('gets no earlier turn by a request that was set aside', async () => {
    const database = await openStore(store)
    const [damaged, other] = [
      { now, memberId: '4001' },
      { now, memberId: '4002' },
    ]
    const unread = await acceptGeneration(database, damaged)
    const older = await acceptGeneration(database, other)
    const younger = await acceptGeneration(database, damaged)
    database.setAside.add(unread.id, new StoredRowError('generations.request'))
    const { claimed } = await claimAll(database, roomy, { owner, now })
    expect(claimed.map(({ id }) => id)).toEqual([older.id, younger.id])
  })

  it('has the turns of the member and of the guild, and is none once nothing is queued: it was claimed meanwhile', async () => {
    const database = await openStore(store)
    const [first, second] = [
      { guild_id: '2001', member_id: '4001' },
      { guild_id: '2001', member_id: '4002' },
    ]
    const ask = (member: typeof first) => acceptGeneration(database, { now, guildId: member.guild_id, memberId: member.member_id })
    for (const member of [first, second]) await ask(member)
    await claim(database, roomy, { owner, now })
    await ask(first)
    expect(await readWaiting(database.statements, database)).toMatchObject([
      { memberId: '4001', queued: 1, guildServed: 2, memberServed: 1 },
    ])
  })

  it('has a group for each set of candidates, with its first and its last request', async () => {
    const database = await openStore(store)
    const ask = (candidates: string[], memberId = '4001') => acceptGeneration(database, { now, memberId, candidates })
    const ids: string[] = []
    for (const candidates of [['fal'], ['replicate', 'fal'], ['fal'], ['fal']]) ids.push((await ask(candidates)).id)
    const [other, damaged] = [await ask(['fal'], '4002'), await ask(['fal'], '4002')]
    await database.statements.updateTable('generations').set({ candidates: '["fal"' }).where('id', '=', damaged.id).execute()
    const [first, second, , fourth] = ids
    const waiting = await readWaiting(database.statements, database)
    expect(
      waiting.map(({ memberId, queued, groups }) => [
        memberId,
        queued,
        groups.map(({ oldest, newest, stored, candidates, queued: count }) => [oldest, newest, stored, candidates, count]),
      ]),
    ).toEqual([
      [
        '4001',
        4,
        [
          [first, fourth, '["fal"]', ['fal'], 3],
          [second, second, '["replicate","fal"]', ['replicate', 'fal'], 1],
        ],
      ],
      ['4002', 1, [[other.id, other.id, '["fal"]', ['fal'], 1]]],
    ])
    expect([...database.setAside.ids]).toEqual([damaged.id])
  })
})
