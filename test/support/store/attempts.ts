import { sendAttempt } from '../../../src/generations/queue/create-calls.ts'
import type { Attempt, OwnAttempt } from '../../../src/generations/store/attempts.ts'
import type { HostedImages } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'

/** Stores that the create call of an attempt is sent, as the run does it right before. */
export async function markSent(database: Database, { attempt, owner }: OwnAttempt, images: HostedImages, now: number): Promise<Attempt> {
  const clock = { now: () => now, sleep: () => Promise.resolve() }
  const call = { generationId: attempt.generationId, provider: 'fal', owner, prepared: attempt, images, clock }
  return (await sendAttempt(database, call)).attempt
}
