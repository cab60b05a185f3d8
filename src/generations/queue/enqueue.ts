import type { Image } from '../../domain/image.ts'
import type { Budgets } from '../../config/config.ts'
import type { ClipRequest } from '../../domain/clip-request.ts'
import type { Clock } from '../../lib/clock.ts'
import { createId, createReference } from '../../domain/ids.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Provider } from '../../providers/provider.ts'
import { recordReservation, type Reservation, reserve } from '../../billing/ledger.ts'
import { periodKeys } from '../../billing/periods.ts'
import type { Database } from '../../storage/database.ts'
import { storeImage } from '../../storage/images.ts'
import type { Generation, Requester } from '../model/generation.ts'
import { findByInteraction, insertGeneration, isKnownInteraction } from '../store/generations.ts'

export interface Acceptance {
  request: ClipRequest
  /** The images that the request names, with their bytes. */
  images: readonly Image[]
  requester: Requester
  /** The providers that may make it, best first; at least one. */
  candidates: readonly [Provider, ...Provider[]]
  budgets: { installation: Budgets; guild: Budgets }
  /** The guild's zone (IANA); its wallets' days begin by its calendar. */
  timeZone: string | undefined
  /** Milliseconds since the epoch. */
  now: number
}

/**
 * Keeps the images, reserves the money and puts the generation in the queue, all in one transaction; a `Refusal` rolls all of it back. Undefined if this
 * interaction was accepted before.
 */
export async function acceptGeneration(database: Database, acceptance: Acceptance): Promise<Generation | undefined> {
  const { requester, images, budgets, timeZone, now } = acceptance
  const generation = newGeneration(acceptance)
  const reservation: Reservation = {
    generationId: generation.id,
    take: 1,
    guildId: requester.guildId,
    amount: generation.price,
    guildPeriods: periodKeys(now, timeZone),
    installationPeriods: periodKeys(now),
  }
  return database.transaction(async (transaction) => {
    if (await isKnownInteraction(transaction, requester.reply.interactionId)) return undefined
    await reserve(transaction, reservation, { ...budgets, now, timeZone })
    for (const image of images) await storeImage(transaction, image, now)
    await insertGeneration(transaction, generation, reservation)
    await recordReservation(transaction, reservation, now)
    return generation
  })
}

/**
 * The same, where the store's answer may be lost on the way: then the store alone knows whether the request was accepted, and the member must not be
 * told that it was not.
 */
export async function acceptOnce(
  { database, clock }: { database: Database; clock: Clock },
  acceptance: Acceptance,
): Promise<Generation | undefined> {
  try {
    return await acceptGeneration(database, acceptance)
  } catch (error) {
    if (error instanceof Refusal) throw error
    for (const pause of [0, 500, 2000]) {
      await clock.sleep(pause)
      try {
        const generation = await findByInteraction(database.statements, acceptance.requester.reply.interactionId)
        if (generation) return generation
        break
      } catch {
        // still away: asked again, then the member is told of the fault
      }
    }
    throw error
  }
}

function newGeneration({ request, requester, candidates, now }: Acceptance): Generation {
  return {
    ...requester,
    id: createId(now),
    state: 'queued',
    owner: undefined,
    request,
    provider: candidates[0].id,
    candidates: candidates.map(({ id }) => id),
    // The dearest provider it may end at: a guild is never charged more than was set aside for it.
    price: Math.max(...candidates.map((candidate) => candidate.price(request))),
    createdAt: now,
    startedAt: undefined,
    endedAt: undefined,
    cancelRequestedAt: undefined,
    cancelledBy: undefined,
    endReason: undefined,
    captured: false,
    reference: createReference(),
    messageId: undefined,
    outputUrl: undefined,
  }
}
