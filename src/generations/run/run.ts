import { deliver, findPosted } from './deliver.ts'
import { Outcome, FailOver } from '../model/outcome.ts'
import type { Generation } from '../model/generation.ts'
import type { RunContext, StopSignals } from './context.ts'
import { requeue, settleCompleted, settleOutcome } from './settle.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { findGeneration } from '../store/generations.ts'
import { submit } from './submit.ts'
import { watch } from './watch.ts'

/**
 * The life of one clip from the claim to the posted message. Every step reads where the generation stands and goes on from there, so the same story serves a
 * fresh claim, a restart and a second try after a fault of our own.
 */
export async function produce(claimed: Generation, context: RunContext, signals: StopSignals): Promise<void> {
  try {
    const posted = (await findPosted(claimed, context)) ?? (await deliver(await render(claimed, context, signals), context, signals))
    context.log.info({ generation: posted.id, reference: posted.reference, provider: posted.provider }, 'clip posted')
  } catch (error) {
    if (error instanceof Outcome) return end(claimed.id, error, context)
    if (error instanceof FailOver) return moveOn(claimed, error, context)
    throw error
  }
}

async function render(claimed: Generation, context: RunContext, signals: StopSignals): Promise<Generation> {
  if (claimed.state === 'delivering') return claimed
  if (claimed.state !== 'submitting' && claimed.state !== 'rendering') throw new LeaseLost(`generation ${claimed.id} is ${claimed.state}`)
  const submitted = await submit(claimed, context, signals)
  const completed = await watch(submitted, context, signals.pause)
  return settleCompleted(submitted, completed, context)
}

async function moveOn(claimed: Generation, failOver: FailOver, context: RunContext): Promise<void> {
  const current = await findGeneration(context.database.statements, claimed.id)
  if (current?.cancelRequestedAt !== undefined) return end(claimed.id, new Outcome('cancelled', 'cancelled-by-member', 'release'), context)
  const queued = await requeue(claimed, failOver, context)
  const { provider, kind } = failOver.cause
  context.log.warn(
    { generation: queued.id, reference: queued.reference, from: provider, to: failOver.next, kind },
    'on to another provider',
  )
  context.delivery.show(queued, { now: context.clock.now() })
}

async function end(id: string, outcome: Outcome, context: RunContext): Promise<void> {
  const { database, delivery, clock, log } = context
  const current = await findGeneration(database.statements, id)
  if (!current) throw new LeaseLost(`generation ${id} is gone`)
  const ended = await settleOutcome(current, outcome, context)
  const fields = {
    generation: id,
    reference: ended.reference,
    provider: ended.provider,
    reason: outcome.reason,
    settlement: outcome.settlement,
  }
  if (outcome.state === 'held')
    log.error({ ...fields, error: outcome.cause }, 'generation held: the provider may have billed; the operator must look')
  else log.info(fields, `generation ${outcome.state}`)
  await delivery.postOutcome(ended, { now: clock.now() })
}
