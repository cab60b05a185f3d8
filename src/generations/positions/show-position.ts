import type { Clock } from '../../lib/clock.ts'
import { createSharedReading } from '../../lib/concurrency/shared-reading.ts'
import type { Database } from '../../storage/database.ts'
import type { Delivery } from '../model/delivery-port.ts'
import type { Generation } from '../model/generation.ts'
import type { ProviderCapacity } from '../queue/create-rate.ts'
import { readQueuePositions } from './queue-positions.ts'
import { readTurn } from './queued-requests.ts'
import type { Estimates } from '../store/run-time-estimates.ts'

export interface PositionDisplayContext {
  database: Database
  delivery: Pick<Delivery, 'show'>
  estimates: Estimates
  clock: Pick<Clock, 'now'>
  /** Of the providers whose slots this process knows. */
  capacities: readonly ProviderCapacity[]
}

/** The more is queued and running, the longer a reading takes and the less a moment changes: so many milliseconds for each clip, up to a second. */
const freshMsPerClip = 1
const longestFreshMs = 1000

/**
 * Shows on its card the place in the queue of a request that was just accepted. What is accepted at the same time shares one reading of the queue. Never
 * rejects.
 */
export function createPositionDisplay(context: PositionDisplayContext): (generation: Generation) => Promise<void> {
  const { database, delivery, estimates, clock, capacities } = context
  const readPositions = createSharedReading(
    () => readQueuePositions(database, { providers: capacities, estimates, now: clock.now() }),
    ({ counted }) => Math.min(longestFreshMs, counted * freshMsPerClip),
  )

  async function read(generation: Generation) {
    const positions = await readPositions()
    const turn = await readTurn(database, generation.id)
    return turn && positions.add({ ...generation, ...turn, clip: generation.request })
  }

  return async (generation) => {
    // After acceptance nothing may fail for the member: a position that cannot be read is shown later.
    const position = await read(generation).catch(() => undefined)
    // Without a position it was claimed meanwhile, and its owner writes the card.
    if (position) delivery.show(generation, { now: clock.now(), ahead: position.ahead, expectedEndAt: position.readyAt })
  }
}
