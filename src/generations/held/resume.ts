import type { Statements } from '../../storage/database.ts'
import type { GenerationRow } from '../../storage/schema.ts'
import type { Generation } from '../model/generation.ts'
import type { RunContext } from '../run/context.ts'
import { type Attempt, latestAttempt, recordOperation } from '../store/attempts.ts'
import { toGeneration } from '../store/rows.ts'
import { deleteWebhookEvents, operationFromWebhook } from '../store/webhook-events.ts'
import { findLateResponses } from './late-responses.ts'
import { isFinal, recheckDue } from './recheck.ts'

export interface ResumeOptions {
  /** Whether a run of it is still under way here (posting its outcome): two runs must not write the same card. */
  isRunning: (generationId: string) => boolean
  /** Called for each as soon as this process owns it. */
  onResumed: (generation: Generation) => void
}

/**
 * Claims the held generations of which the provider now reports more: by a late webhook, by a response that arrived too late, or when polled again. One that
 * fails does not delay the others.
 */
export async function resumeHeld(context: RunContext, signal: AbortSignal, { isRunning, onResumed }: ResumeOptions): Promise<void> {
  const { database, log } = context
  const webhooks = await findLateWebhooks(database.statements)
  const answered = new Set([...(await findLateResponses(database.statements)), ...(await recheckDue(context, signal))])
  for (const id of new Set([...webhooks.map((webhook) => webhook.id), ...answered])) {
    if (isRunning(id)) continue
    try {
      const attempt = await latestAttempt(database.statements, id)
      if (!attempt) continue
      const hasNews = answered.has(id) || (await hasNewsByWebhook(attempt, webhooks, context, signal))
      const row = hasNews && (await claimHeld(attempt, context, signal))
      if (!row) continue
      log.info({ generation: id, reference: row.reference }, 'a held generation resumes: its provider reported more')
      onResumed(toGeneration(row))
    } catch (error) {
      signal.throwIfAborted()
      log.warn({ error, generation: id }, 'checking a held generation failed; trying again')
    }
  }
}

/** Whether a webhook of this attempt reports something that was not known when it was held. */
async function hasNewsByWebhook(
  attempt: Attempt,
  webhooks: readonly LateWebhook[],
  context: RunContext,
  signal: AbortSignal,
): Promise<boolean> {
  // A webhook of an earlier attempt, at another provider, changes nothing.
  if (!webhooks.some(({ attemptId }) => attemptId === attempt.id)) return false
  const provider = context.providers.get(attempt.provider)
  if (!provider || !attempt.operation || isFinal(await provider.status(attempt.operation, { signal }))) return true
  // It reports what was known when it was held: resumed, the generation would only be held again.
  await deleteWebhookEvents(context.database.statements, attempt.id)
  return false
}

/** Claims a held generation, in the state that follows from its attempt. Undefined if there is no news, or another process was first. */
async function claimHeld(
  attempt: Attempt,
  { database, providers, owner }: RunContext,
  signal: AbortSignal,
): Promise<GenerationRow | undefined> {
  const provider = providers.get(attempt.provider)
  if (!provider) return undefined
  // Refused after all: it continues at the next provider, or ends with nothing charged.
  const isRefused = attempt.state === 'refused'
  if (!isRefused) {
    const operation = attempt.operation ?? (await operationFromWebhook(database.statements, attempt, provider, signal))
    if (!operation) return undefined
    await recordOperation(database.statements, attempt.id, operation)
  }
  return database.statements
    .updateTable('generations')
    .set({ state: isRefused ? 'submitting' : 'rendering', owner, ended_at: null, end_reason: null, notified_at: null })
    .where('id', '=', attempt.generationId)
    .where('state', '=', 'held')
    .where('held_decision', 'is', null)
    .returningAll()
    .executeTakeFirst()
}

interface LateWebhook {
  id: string
  attemptId: string
}

/** Webhooks received since the generation was held; earlier ones were considered then, unless the job itself was still unknown. */
function findLateWebhooks(statements: Statements): Promise<LateWebhook[]> {
  return statements
    .selectFrom('webhook_events')
    .innerJoin('attempts', 'attempts.id', 'webhook_events.attempt_id')
    .innerJoin('generations', 'generations.id', 'attempts.generation_id')
    .select(['generations.id', 'attempts.id as attemptId'])
    .distinct()
    .where('generations.state', '=', 'held')
    .where('generations.held_decision', 'is', null)
    .where((event) =>
      event.or([event('attempts.operation', 'is', null), event('webhook_events.received_at', '>=', event.ref('generations.ended_at'))]),
    )
    .execute()
}
