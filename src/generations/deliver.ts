import { inspectClip } from '../media/clip.ts'
import { Ending } from './ending.ts'
import type { Generation } from './generation.ts'
import type { Parts } from './parts.ts'
import { type Clip, OutputGone, type PostedMessage } from './ports.ts'
import { toGeneration } from './rows.ts'
import { transition } from './store.ts'

/** Waits between tries, in milliseconds: about ten minutes in all, which outlasts most bad weather. */
const patience = [1000, 2000, 5000, 10_000, 30_000, 60_000, 120_000, 180_000, 180_000]

/** Fetches the finished clip, proves that it is one, and posts it. The money was captured before; whoever gets no clip for it is refunded. */
export async function deliver(generation: Generation, parts: Parts, pause: AbortSignal): Promise<Generation> {
  const { database, owner, clock, delivery } = parts
  delivery.show(generation, { now: clock.now(), progress: 1 })
  const clip = await fetchClip(generation, parts, pause)
  const posted = await persist(parts, pause, generation, () => delivery.post(generation, clip, { signal: pause }))
  const row = await transition(database.statements, {
    id: generation.id,
    owner,
    from: 'delivering',
    to: 'done',
    set: { ended_at: clock.now(), message_id: posted.messageId },
  })
  return toGeneration(row)
}

async function fetchClip(generation: Generation, parts: Parts, pause: AbortSignal): Promise<Clip> {
  const url = generation.outputUrl
  if (url === undefined) throw new Ending('failed', 'output_gone', 'refund')
  const bytes = await persist(parts, pause, generation, () => parts.downloadClip(url, { signal: pause }))
  try {
    const { durationSeconds } = inspectClip(bytes)
    return { bytes, url, durationSeconds }
  } catch (error) {
    throw new Ending('failed', 'output-unusable', 'refund', { cause: error })
  }
}

async function persist<Result extends Uint8Array | PostedMessage>(
  { clock, log }: Parts,
  pause: AbortSignal,
  generation: Generation,
  work: () => Promise<Result>,
): Promise<Result> {
  for (const wait of patience) {
    try {
      return await work()
    } catch (error) {
      pause.throwIfAborted()
      if (error instanceof OutputGone) throw new Ending('failed', 'output_gone', 'refund', { cause: error })
      log.warn({ error, generation: generation.id, reference: generation.reference }, 'the clip could not be brought over; trying again')
    }
    await clock.sleep(wait, { signal: pause })
  }
  return work().catch((error: unknown) => {
    pause.throwIfAborted()
    throw new Ending('failed', 'undeliverable', 'refund', { cause: error })
  })
}
