import { claim as claimQueued, type ClaimOptions, type Claims } from '../../../src/generations/queue/claim.ts'
import type { ProviderCapacity } from '../../../src/generations/queue/create-rate.ts'
import { transition } from '../../../src/generations/store/generations.ts'
import type { Database } from '../../../src/storage/database.ts'

type Wanted = Pick<ClaimOptions, 'owner' | 'now'> & Partial<ClaimOptions>

/** One claim for one provider, or for several. */
export function claim(database: Database, providers: ProviderCapacity | readonly ProviderCapacity[], wanted: Wanted): Promise<Claims> {
  return claimQueued(database, [providers].flat(), wanted)
}

/** Claims until nothing more may run: each provider accepts what it gets at once. */
export async function claimAll(
  database: Database,
  providers: ProviderCapacity | readonly ProviderCapacity[],
  wanted: Wanted,
): Promise<Claims> {
  const all: Claims = { claimed: [], hasLeft: true }
  for (;;) {
    const { claimed, ...rest } = await claim(database, providers, wanted)
    if (claimed.length === 0) return { ...rest, claimed: all.claimed }
    all.claimed.push(...claimed)
    for (const { id } of claimed)
      await transition(database.statements, { id, owner: wanted.owner, state: 'submitting' }, { state: 'rendering' })
  }
}
