import { sleep } from '../../lib/clock.ts'
import { retry } from '../../lib/retry.ts'
import { StoredRowError } from '../../storage/json-columns.ts'
import { describeStep } from '../model/describe-step.ts'
import { type Generation, unfinished } from '../model/generation.ts'
import { BackToQueue, FailOver, Outcome } from '../model/outcome.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { latestAttempt } from '../store/attempts.ts'
import { findGeneration } from '../store/generations.ts'
import type { RunContext, StopSignals } from './context.ts'
import { deliver } from './deliver.ts'
import { captureCompleted, requeue, returnToQueue, settleOutcome } from './settle.ts'
import { submit } from './submit.ts'
import { watch } from './watch.ts'

const firstRetryMs = 5000
const longestRetryMs = 60_000

/** A fault of our own (a store that fails for a moment) does not end a generation: it is run again from the step it has reached. */
export async function runWithRetry(claimed: Generation, context: RunContext, signals: StopSignals): Promise<void> {
  const { clock, log, owner } = context
  const isPaused = () => signals.pause.aborted
  let generation = claimed
  for (let attempt = 1; !isPaused(); attempt += 1) {
    try {
      await run(generation, context, signals)
      return
    } catch (error) {
      if (isPaused()) return
      if (error instanceof StoredRowError) {
        context.database.setAside.add(generation.id, error)
        return
      }
      const fields = { error, generation: generation.id, reference: generation.reference, attempt }
      if (error instanceof LeaseLost) log.warn(fields, 'another process changed this generation')
      else log.error(fields, 'a generation failed by our own fault; retrying if we still own it')
    }
    const current = await readUntilAnswered(generation.id, context, signals.pause)
    // The last step may have been committed although its response was lost: a final state must not be run again.
    if (current?.owner !== owner || !unfinished.includes(current.state)) return
    await sleep(Math.min(longestRetryMs, firstRetryMs * attempt), signals.pause, clock)
    generation = current
  }
}

/** The stored generation; undefined if the bot stops before the store responds. */
function readUntilAnswered(id: string, { clock, database }: RunContext, pause: AbortSignal): Promise<Generation | undefined> {
  const read = () => findGeneration(database.statements, id)
  const shouldRetry = (error: unknown) => !(error instanceof StoredRowError)
  // Only the pause ends the retries, or a row that no retry will read.
  return retry(read, { delays: () => firstRetryMs, signal: pause, clock, shouldRetry }).catch(() => undefined)
}

/**
 * Takes one clip from the claim to the posted message. Every step reads how far the generation is and continues there, so the same function serves a
 * fresh claim, a restart and a retry after a fault of our own.
 */
async function run(claimed: Generation, context: RunContext, signals: StopSignals): Promise<void> {
  try {
    const { rendered, job } = await render(claimed, context, signals)
    const { delivered, isPosted } = await deliver(rendered, context, { ...signals, mayBePosted: claimed.state === 'delivering' })
    const step = describeStep(delivered, { provider: delivered.provider, job: job ?? (await jobOf(delivered, context)) })
    context.log.info(step, isPosted ? 'clip posted' : 'clip not posted: its card was deleted')
  } catch (error) {
    if (error instanceof Outcome) return end(claimed.id, error, context)
    if (error instanceof BackToQueue) return backToQueue(claimed, error, context)
    if (error instanceof FailOver) return failOver(claimed.id, error, context)
    throw error
  }
}

/** `job`: the provider's id of it, where it was followed here. */
async function render(claimed: Generation, context: RunContext, signals: StopSignals): Promise<{ rendered: Generation; job?: string }> {
  if (claimed.state === 'delivering') return { rendered: claimed }
  if (claimed.state !== 'submitting' && claimed.state !== 'rendering') throw new LeaseLost(`generation ${claimed.id} is ${claimed.state}`)
  const submitted = await submit(claimed, context, signals)
  // Its create call has a response, so the provider may get the next one, from any process.
  if (claimed.state === 'submitting') context.notifier.notifyWork()
  const completed = await watch(submitted, context, signals.pause)
  const rendered = await captureCompleted(submitted, completed, context)
  const job = submitted.operation.id
  context.log.info(describeStep(rendered, { job }), 'completed')
  return { rendered, job }
}

async function backToQueue(claimed: Generation, reason: BackToQueue, context: RunContext): Promise<void> {
  const { delivery, clock, log } = context
  try {
    const queued = await returnToQueue(claimed, context)
    log.info(describeStep(queued, { reason: reason.message }), 'back in the queue')
    delivery.show(queued, { now: clock.now() })
  } catch (error) {
    if (error instanceof Outcome) return end(claimed.id, error, context)
    throw error
  }
}

async function failOver(id: string, refused: FailOver, context: RunContext): Promise<void> {
  const { database, delivery, clock, log } = context
  const current = await findGeneration(database.statements, id)
  if (!current) throw new LeaseLost(`generation ${id} is gone`)
  const { candidates, cause } = refused
  try {
    const queued = await requeue(current, refused, context)
    const fields = { ...describeStep(queued, { provider: cause.provider, reason: cause.kind }), to: candidates }
    log.warn(fields, `provider ${current.state === 'rendering' ? 'failed at' : 'refused'} the job; queued for another attempt`)
    delivery.show(queued, { now: clock.now() })
  } catch (error) {
    if (error instanceof Outcome) return end(id, error, context)
    throw error
  }
}

async function end(id: string, outcome: Outcome, context: RunContext): Promise<void> {
  const { database, delivery, clock, log } = context
  const current = await findGeneration(database.statements, id)
  if (!current) throw new LeaseLost(`generation ${id} is gone`)
  const ended = await settleOutcome(current, outcome, context)
  const { reason, settlement, cause } = outcome
  const job = await jobOf(ended, context)
  const fields = { ...describeStep(ended, { provider: ended.provider, job, reason }), settlement }
  if (outcome.state === 'held')
    log.error({ ...fields, error: cause }, 'generation held: the provider may have billed; the operator must check')
  else log.info(fields, settlement === 'refund' ? `generation ${outcome.state}: refunded to the server` : `generation ${outcome.state}`)
  await delivery.postOutcome(ended, { now: clock.now() })
}

/** The provider's id of its job, for the log alone: without a store there is none. */
async function jobOf({ id }: Generation, { database }: RunContext): Promise<string | undefined> {
  const attempt = await latestAttempt(database.statements, id).catch(() => undefined)
  return attempt?.operation?.id
}
