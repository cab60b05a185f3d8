import { describe, expect, it } from 'vitest'

import type { ProviderCapacity } from '../../../src/generations/queue/create-rate.ts'
import { pauseProvider } from '../../../src/generations/queue/provider-pauses.ts'
import { allowTrial, blockProvider, claimDueProbes } from '../../../src/generations/queue/provider-blocks.ts'
import { latestAttempt, openAttempt, recordLostResponse } from '../../../src/generations/store/attempts.ts'
import { findRow, transition } from '../../../src/generations/store/generations.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { claim, claimAll } from '../../support/store/claims.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import { markSent } from '../../support/store/attempts.ts'

const now = Date.UTC(2026, 10, 20, 12)
const owner = 'this-process'
const fal: ProviderCapacity = { id: 'fal', concurrency: 4, createsPerMinute: 10_000 }
const replicate: ProviderCapacity = { ...fal, id: 'replicate' }
const both = ['fal', 'replicate']

describe.each(stores)('one queue for all providers on $name', (store) => {
  it('gives each request to the first of its candidates that is free, and no provider more than two at once', async () => {
    const database = await openStore(store)
    for (let index = 0; index < 6; index += 1) await acceptGeneration(database, { now, candidates: both })
    const first = await claim(database, [replicate, fal], { owner, now })
    expect(first.claimed.map(({ provider }) => provider)).toEqual(['fal', 'fal', 'replicate', 'replicate'])
    expect((await claim(database, [replicate, fal], { owner, now })).claimed).toEqual([])
    const [accepted] = first.claimed
    if (!accepted) expect.unreachable('four were claimed')
    await transition(database.statements, { id: accepted.id, owner, state: 'submitting' }, { state: 'rendering' })
    expect((await claim(database, [replicate, fal], { owner, now })).claimed.map(({ provider }) => provider)).toEqual(['fal'])
  })

  it('counts no create call whose response was lost, although the search for its job goes on; only a running job', async () => {
    const database = await openStore(store)
    for (let index = 0; index < 6; index += 1) await acceptGeneration(database, { now, candidates: ['fal'] })
    const { claimed } = await claim(database, fal, { owner, now })
    for (const { id } of claimed) {
      const attempt = await openAttempt(database, { generationId: id, provider: 'fal', owner, now })
      await markSent(database, { attempt, owner }, {}, now)
      expect((await claim(database, fal, { owner, now })).claimed).toEqual([])
    }
    for (const { id } of claimed) {
      const attempt = await latestAttempt(database.statements, id)
      if (attempt) await recordLostResponse(database, { attempt, owner }, { endReason: 'submission_unknown', now })
    }
    expect((await claim(database, fal, { owner, now })).claimed).toHaveLength(2)
    // Four may be running.
    expect((await claimAll(database, fal, { owner, now })).claimed).toHaveLength(0)
  })

  it('serves another request while the candidates of an older one are busy', async () => {
    const database = await openStore(store)
    const only = { now, candidates: ['fal'] }
    await acceptGeneration(database, only)
    await acceptGeneration(database, only)
    const younger = await acceptGeneration(database, { now, candidates: both })
    const { claimed } = await claimAll(database, [{ ...fal, concurrency: 1 }, replicate], { owner, now })
    expect(claimed.map(({ id, provider }) => [id === younger.id, provider])).toEqual([
      [false, 'fal'],
      [true, 'replicate'],
    ])
  })

  it('counts what a guild has running at all providers, before its turns', async () => {
    const database = await openStore(store)
    const [loud, quiet] = ['211111111111111111', '222222222222222222']
    await acceptGeneration(database, { now, guildId: loud, candidates: ['replicate'] })
    await claimAll(database, replicate, { owner, now })
    const { id } = await acceptGeneration(database, { now, guildId: quiet, candidates: ['replicate'] })
    await claimAll(database, replicate, { owner, now })
    await transition(database.statements, { id, owner, state: 'rendering' }, { state: 'done' })
    // The quiet one was served last, but has nothing running.
    for (const guildId of [loud, quiet]) await acceptGeneration(database, { now, guildId, candidates: ['fal'] })
    const { claimed } = await claim(database, { ...fal, concurrency: 1 }, { owner, now })
    expect(claimed.map(({ guildId }) => guildId)).toEqual([quiet])
  })

  it('counts the turns of a guild at all providers', async () => {
    const database = await openStore(store)
    const [first, second] = ['211111111111111111', '222222222222222222']
    const { id } = await acceptGeneration(database, { now, guildId: first, candidates: ['replicate'] })
    await claimAll(database, replicate, { owner, now })
    await transition(database.statements, { id, owner, state: 'rendering' }, { state: 'done' })
    for (const guildId of [first, second]) await acceptGeneration(database, { now, guildId, candidates: ['fal'] })
    const { claimed } = await claim(database, { ...fal, concurrency: 1 }, { owner, now })
    expect(claimed.map(({ guildId }) => guildId)).toEqual([second])
  })

  it('takes the oldest of a member’s requests that can be made, whatever candidates they have', async () => {
    const database = await openStore(store)
    const wanted = [['fal'], both, ['replicate'], ['fal']]
    const ids: string[] = []
    for (const candidates of wanted) ids.push((await acceptGeneration(database, { now, candidates })).id)
    const { claimed } = await claimAll(database, [fal, replicate], { owner, now })
    expect(claimed.map(({ id }) => id)).toEqual(ids)
  })

  it('takes a member’s requests for different providers in one claim', async () => {
    const database = await openStore(store)
    const forFal = await acceptGeneration(database, { now, candidates: ['fal'] })
    const forReplicate = await acceptGeneration(database, { now, candidates: ['replicate'] })
    const { claimed } = await claim(database, [fal, replicate], { owner, now })
    expect(claimed.map(({ id }) => id)).toEqual([forFal.id, forReplicate.id])
  })

  it('says when the first provider that somebody waits for is free again', async () => {
    const database = await openStore(store)
    await acceptGeneration(database, { now, candidates: both })
    await pauseProvider(database, 'fal', now + 30_000)
    await pauseProvider(database, 'replicate', now + 20_000)
    await pauseProvider(database, 'runware', now + 10_000)
    const runware: ProviderCapacity = { ...fal, id: 'runware' }
    expect(await claim(database, [fal, replicate, runware], { owner, now })).toEqual({ claimed: [], hasLeft: true, retryAt: now + 20_000 })
  })

  it('gives a blocked provider nothing; after a free call has succeeded, one request', async () => {
    const database = await openStore(store)
    for (let index = 0; index < 3; index += 1) await acceptGeneration(database, { now, candidates: ['fal'] })
    const fallback = await acceptGeneration(database, { now, candidates: both })
    await blockProvider(database, 'fal', 'unavailable', { now })
    const { claimed } = await claim(database, [fal, replicate], { owner, now })
    expect(claimed.map(({ id, provider }) => [id, provider])).toEqual([[fallback.id, 'replicate']])
    const [probe] = await claimDueProbes(database.statements, ['fal'], { now: now + 60_000 })
    if (!probe) expect.unreachable('a free call is due')
    await allowTrial(database.statements, probe)
    expect((await claim(database, [fal, replicate], { owner, now: now + 60_000 })).claimed).toHaveLength(1)
  })

  it('passes over a request that cannot be read, logs it once, and serves the others', async () => {
    const database = await openStore(store)
    const ids: string[] = []
    for (let index = 0; index < 4; index += 1) ids.push((await acceptGeneration(database, { now })).id)
    const [request = '', candidates = ''] = ids
    await database.statements.updateTable('generations').set({ request: '{' }).where('id', '=', request).execute()
    await database.statements.updateTable('generations').set({ candidates: '"fal"' }).where('id', '=', candidates).execute()
    const { claimed } = await claimAll(database, fal, { owner, now })
    expect(claimed.map(({ id }) => id)).toEqual(ids.slice(2))
    expect([...database.setAside.ids].sort()).toEqual([request, candidates].sort())
    expect(await findRow(database.statements, request)).toMatchObject({ state: 'queued', owner: null })
  })

  it('serves what else a member asked for where none of the requests for one provider can be read', async () => {
    const database = await openStore(store)
    const broken = await acceptGeneration(database, { now, candidates: ['fal'] })
    await database.statements.updateTable('generations').set({ request: '{' }).where('id', '=', broken.id).execute()
    const own = await acceptGeneration(database, { now, candidates: both })
    const other = await acceptGeneration(database, { now, memberId: '422222222222222222', candidates: ['fal'] })
    const { claimed } = await claim(database, [fal, replicate], { owner, now })
    expect(claimed.map(({ id }) => id)).toEqual([own.id, other.id])
    // What was set aside stays so for every later claim.
    const next = await acceptGeneration(database, { now, candidates: ['replicate'] })
    expect((await claim(database, [fal, replicate], { owner, now })).claimed.map(({ id }) => id)).toEqual([next.id])
  })
})
