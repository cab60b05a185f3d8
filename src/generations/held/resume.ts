import type { Statements } from '../../storage/database.ts'
import { StoredRowError } from '../../storage/json-columns.ts'
import type { Generation } from '../model/generation.ts'
import type { RunContext } from '../run/context.ts'
import { type Attempt, latestAttempt } from '../store/attempts.ts'
import { updateIf } from '../store/generations.ts'
import { notNotified } from '../store/notifications.ts'
import { OperationTaken, recordOperation } from '../store/provider-facts.ts'
import { deleteWebhookEvents, operationFromWebhook } from '../store/webhook-events.ts'
import { type RecheckContext, recheckDue } from './recheck.ts'

type ResumeContext = RecheckContext & Pick<RunContext, 'owner'>

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
export async function resumeHeld(context: ResumeContext, signal: AbortSignal, { isRunning, onResumed }: ResumeOptions): Promise<void> {
  const { database, log } = context
  const webhooks = await findLateWebhooks(database.statements)
  const answered = new Set([...(await findLateResponses(database.statements)), ...(await recheckDue(context, signal))])
  for (const id of new Set([...webhooks.map((webhook) => webhook.id), ...answered])) {
    if (isRunning(id) || database.setAside.ids.has(id)) continue
    try {
      const attempt = await latestAttempt(database.statements, id)
      if (!attempt) continue
      const hasNews = answered.has(id) || (await hasNewsByWebhook(attempt, webhooks, context, signal))
      const resumed = hasNews && (await claimHeld(attempt, context, signal))
      if (!resumed) continue
      log.info({ generation: id, reference: resumed.reference }, 'a held generation resumes: its provider reported more')
      onResumed(resumed)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof StoredRowError) database.setAside.add(id, error)
      else log.warn({ error, generation: id }, 'checking a held generation failed; trying again')
    }
  }
}

/** Whether a webhook of this attempt reports something that was not known when it was held. */
async function hasNewsByWebhook(
  attempt: Attempt,
  webhooks: readonly LateWebhook[],
  context: ResumeContext,
  signal: AbortSignal,
): Promise<boolean> {
  // A webhook of an earlier attempt, at another provider, changes nothing.
  if (!webhooks.some(({ attemptId }) => attemptId === attempt.id)) return false
  const provider = context.providers.get(attempt.provider)
  if (!provider || !attempt.operation) return true
  const { state } = await provider.status(attempt.operation, { signal })
  if (state !== 'pending') return true
  // It reports what was known when it was held: resumed, the generation would only be held again.
  await deleteWebhookEvents(context.database.statements, attempt.id)
  return false
}

/** Claims a held generation, in the state that follows from its attempt. Undefined if there is no news, or another process was first. */
async function claimHeld(
  attempt: Attempt,
  { database, providers, owner }: ResumeContext,
  signal: AbortSignal,
): Promise<Generation | undefined> {
  const provider = providers.get(attempt.provider)
  if (!provider) return undefined
  // Refused after all: it continues at the next provider, or ends with nothing charged.
  const isRefused = attempt.state === 'refused'
  if (!isRefused) {
    const operation = attempt.operation ?? (await operationFromWebhook(database.statements, attempt, provider, signal))
    if (!operation) return undefined
    try {
      await recordOperation(database.statements, attempt.id, operation)
    } catch (error) {
      if (!(error instanceof OperationTaken)) throw error
      // No news: it would be found again at every check.
      await deleteWebhookEvents(database.statements, attempt.id)
      return undefined
    }
  }
  const where = { id: attempt.generationId, state: 'held', held_decision: null } as const
  const state = isRefused ? 'submitting' : 'rendering'
  return updateIf(database.statements, where, { state, owner, ended_at: null, end_reason: null, ...notNotified })
}

/** A held generation that only its provider can change. */
const undecided = { 'generations.state': 'held', 'generations.held_decision': null } as const

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
    .where((row) => row.and(undecided))
    .where((event) =>
      event.or([event('attempts.operation', 'is', null), event('webhook_events.received_at', '>=', event.ref('generations.ended_at'))]),
    )
    .execute()
}

/**
 * The held generations (ids) whose create response arrived after all: the lease was lost meanwhile, and the response, a job or a refusal, was recorded on
 * the attempt. An attempt is `unknown` when its generation is held, so only such a response can have changed it.
 */
export async function findLateResponses(statements: Statements): Promise<string[]> {
  const rows = await statements
    .selectFrom('generations')
    .innerJoin('attempts', 'attempts.generation_id', 'generations.id')
    .select('generations.id')
    .distinct()
    .where((row) => row.and(undecided))
    .where((late) => {
      const isJob = late.and([late('attempts.state', '=', 'accepted'), late('attempts.operation', 'is not', null)])
      // Earlier attempts were refused before the generation failed over; those are no late responses.
      const later = late
        .selectFrom('attempts as later')
        .select('later.id')
        .whereRef('later.generation_id', '=', 'attempts.generation_id')
        .whereRef('later.id', '>', 'attempts.id')
      return late.or([isJob, late.and([late('attempts.state', '=', 'refused'), late.not(late.exists(later))])])
    })
    .execute()
  return rows.map(({ id }) => id)
}
