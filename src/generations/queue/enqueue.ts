import type { Image } from '../../domain/image.ts'
import type { Budgets } from '../../config/config.ts'
import type { ClipRequest } from '../../domain/clip-request.ts'
import type { Clock } from '../../lib/clock.ts'
import { retry } from '../../lib/retry.ts'
import { createId, createReference } from '../../domain/ids.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Provider } from '../../providers/provider.ts'
import { reserve, type Reserving } from '../../billing/ledger.ts'
import { periodKeys } from '../../billing/periods.ts'
import type { Database } from '../../storage/database.ts'
import { createGroupCommit } from '../../storage/group-commit.ts'
import { storeImage } from '../../storage/images.ts'
import type { Generation, Requester } from '../model/generation.ts'
import { findByInteraction, insertGenerations } from '../store/generations.ts'

export interface Acceptance {
  request: ClipRequest
  /** The images of the request, with their bytes. */
  images: readonly Image[]
  requester: Requester
  /** The providers that may make it, best first; at least one. */
  candidates: readonly [Provider, ...Provider[]]
  budgets: { installation: Budgets; guild: Budgets }
  /** The guild's zone (IANA): its wallet periods follow it. */
  timeZone: string | undefined
  /** Milliseconds since the epoch. */
  now: number
}

/**
 * Stores the images; then reserves the money and queues the generation in one transaction, which it may share with other requests. Images of a refused
 * request are left to retention. Undefined if this interaction was accepted before.
 */
export async function enqueueOnce(database: Database, acceptance: Acceptance): Promise<Generation | undefined> {
  const { images, budgets, timeZone, now } = acceptance
  const generation = newGeneration(acceptance)
  for (const image of images) await storeImage(database.imageStatements, image, now)
  return accept(database, { generation, reserving: { reservation: generation, ...budgets, now, timeZone } })
}

interface Accepting {
  generation: Generation
  reserving: Reserving
}

const accept = createGroupCommit(async (transaction, all: readonly Accepting[]) => {
  const inserted = await insertGenerations(
    transaction,
    all.map(({ generation }) => generation),
  )
  const isNew = ({ generation }: Accepting) => inserted.has(generation.id)
  await reserve(
    transaction,
    all.filter(isNew).map(({ reserving }) => reserving),
  )
  return all.map((accepting) => () => (isNew(accepting) ? accepting.generation : undefined))
})

/** The same, if the response to the commit may be lost: then the store is read again, so that an accepted request is never reported as failed. */
export async function enqueue(
  { database, clock }: { database: Database; clock: Clock },
  acceptance: Acceptance,
): Promise<Generation | undefined> {
  try {
    return await enqueueOnce(database, acceptance)
  } catch (error) {
    if (error instanceof Refusal) throw error
    const find = () => findByInteraction(database.statements, acceptance.requester.reply.interactionId)
    const accepted = await retry(find, { delays: [500, 2000], clock }).catch(() => undefined)
    if (accepted) return accepted
    throw error
  }
}

function newGeneration({ request, requester, candidates, timeZone, now }: Acceptance): Generation {
  return {
    ...requester,
    id: createId(now),
    state: 'queued',
    request,
    provider: candidates[0].id,
    candidates: candidates.map(({ id }) => id),
    // That of the most expensive candidate: a guild is never charged more than was reserved.
    price: Math.max(...candidates.map((candidate) => candidate.price(request))),
    guildPeriods: periodKeys(now, timeZone),
    installationPeriods: periodKeys(now),
    createdAt: now,
    captured: false,
    guildReleased: false,
    reference: createReference(),
  }
}
