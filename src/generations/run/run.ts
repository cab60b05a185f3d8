import { deliver, findPosted } from './deliver.ts'
import { Ending, FailOver } from '../model/outcome.ts'
import type { Generation } from '../model/generation.ts'
import type { Parts, StopSignals } from '../model/context.ts'
import { requeue, settleCompleted, settleEnding } from './settle.ts'
import { findGeneration, LeaseLost } from '../store/generations.ts'
import { submit } from './submit.ts'
import { watch } from './watch.ts'

/**
 * The life of one clip from the claim to the posted message. Every step reads where the generation stands and goes on from there, so the same story serves a
 * fresh claim, a restart and a second try after a fault of our own.
 */
export async function produce(claimed: Generation, parts: Parts, signals: StopSignals): Promise<void> {
  try {
    const posted = (await findPosted(claimed, parts)) ?? (await deliver(await render(claimed, parts, signals), parts, signals))
    parts.log.info({ generation: posted.id, reference: posted.reference, provider: posted.provider }, 'clip posted')
  } catch (error) {
    if (error instanceof Ending) return end(claimed.id, error, parts)
    if (error instanceof FailOver) return moveOn(claimed, error, parts)
    throw error
  }
}

async function render(claimed: Generation, parts: Parts, signals: StopSignals): Promise<Generation> {
  if (claimed.state === 'delivering') return claimed
  if (claimed.state !== 'submitting' && claimed.state !== 'rendering') throw new LeaseLost(`generation ${claimed.id} is ${claimed.state}`)
  const submitted = await submit(claimed, parts, signals)
  const completed = await watch(submitted, parts, signals.pause)
  return settleCompleted(submitted, completed, parts)
}

async function moveOn(claimed: Generation, failOver: FailOver, parts: Parts): Promise<void> {
  const current = await findGeneration(parts.database.statements, claimed.id)
  if (current?.cancelRequestedAt !== undefined) return end(claimed.id, new Ending('cancelled', 'cancelled-by-member', 'release'), parts)
  const queued = await requeue(claimed, failOver, parts)
  const { provider, kind } = failOver.cause
  parts.log.warn({ generation: queued.id, reference: queued.reference, from: provider, to: failOver.next, kind }, 'on to another host')
  parts.delivery.show(queued, { now: parts.clock.now() })
}

async function end(id: string, ending: Ending, parts: Parts): Promise<void> {
  const { database, delivery, clock, log } = parts
  const current = await findGeneration(database.statements, id)
  if (!current) throw new LeaseLost(`generation ${id} is gone`)
  const ended = await settleEnding(current, ending, parts)
  const fields = {
    generation: id,
    reference: ended.reference,
    provider: ended.provider,
    reason: ending.reason,
    settlement: ending.settlement,
  }
  if (ending.state === 'held')
    log.error({ ...fields, error: ending.cause }, 'generation held: the host may have billed; the operator must look')
  else log.info(fields, `generation ${ending.state}`)
  await delivery.end(ended, { now: clock.now() })
}
