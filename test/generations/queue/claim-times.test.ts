import { describe, expect, it } from 'vitest'

import type { ProviderCapacity } from '../../../src/generations/queue/create-rate.ts'
import { pauseProvider } from '../../../src/generations/queue/provider-pauses.ts'
import { openStore, stores } from '../../storage/stores.ts'
import { claim, claimAll } from '../../support/store/claims.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const now = Date.UTC(2026, 10, 20, 12)
const owner = 'this-process'
const fal: ProviderCapacity = { id: 'fal', concurrency: 4, createsPerMinute: 10_000 }
const replicate: ProviderCapacity = { ...fal, id: 'replicate' }

describe.each(stores)('the time at which a worker claims again on $name', (store) => {
  it('is not set where a full provider is waited for, although another one is free', async () => {
    const database = await openStore(store)
    await acceptGeneration(database, { now, candidates: ['fal'] })
    await acceptGeneration(database, { now, candidates: ['fal'] })
    const full = { ...fal, concurrency: 1 }
    await claimAll(database, [full, replicate], { owner, now })
    expect(await claim(database, [full, replicate], { owner, now: now + 60_000 })).toEqual({ claimed: [], hasLeft: true })
  })

  it('is not set once nothing is queued, however slow the provider', async () => {
    const database = await openStore(store)
    const { id } = await acceptGeneration(database, { now })
    const claims = await claim(database, { ...fal, createsPerMinute: 6 }, { owner, now })
    expect(claims).toEqual({ claimed: [expect.objectContaining({ id })], hasLeft: false })
  })

  it('is the earliest of those that any request waits for', async () => {
    const database = await openStore(store)
    await acceptGeneration(database, { now, candidates: ['fal'] })
    await acceptGeneration(database, { now, candidates: ['replicate'], memberId: '422222222222222222' })
    await pauseProvider(database, 'fal', now + 30_000)
    await pauseProvider(database, 'replicate', now + 20_000)
    expect(await claim(database, [fal, replicate], { owner, now })).toEqual({ claimed: [], hasLeft: true, retryAt: now + 20_000 })
  })

  it('is that of a member’s older request, although a younger one was claimed', async () => {
    const database = await openStore(store)
    await acceptGeneration(database, { now, candidates: ['fal'] })
    const { id } = await acceptGeneration(database, { now, candidates: ['replicate'] })
    await pauseProvider(database, 'fal', now + 30_000)
    const claims = await claim(database, [fal, replicate], { owner, now })
    expect(claims).toEqual({ claimed: [expect.objectContaining({ id })], hasLeft: true, retryAt: now + 30_000 })
  })
})
