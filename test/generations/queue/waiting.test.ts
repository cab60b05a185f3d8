import { describe, expect, it } from 'vitest'

import { readTurns } from '../../../src/generations/queue/waiting.ts'
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

  it('has the turns of the member and of the guild, and none once nothing is queued: it was claimed meanwhile', async () => {
    const database = await openStore(store)
    const [first, second] = [
      { guild_id: '2001', member_id: '4001' },
      { guild_id: '2001', member_id: '4002' },
    ]
    const ask = (member: typeof first) => acceptGeneration(database, { now, guildId: member.guild_id, memberId: member.member_id })
    for (const member of [first, second]) await ask(member)
    await claim(database, roomy, { owner, now })
    await ask(first)
    const turnOf = await readTurns(database.statements)
    expect(turnOf(first)).toEqual({ guildServed: 2, memberServed: 1 })
    expect(turnOf(second)).toEqual({ guildServed: 0, memberServed: 0 })
  })
})
