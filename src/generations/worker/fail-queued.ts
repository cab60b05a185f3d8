import { sql } from 'kysely'

import type { ProviderId } from '../../domain/provider-id.ts'
import { unlessUnreadable } from '../../storage/unreadable-rows.ts'
import { describeStep } from '../model/describe-step.ts'
import type { EndReason, Generation } from '../model/generation.ts'
import { listBlocked } from '../queue/provider-blocks.ts'
import { readCandidates } from '../queue/waiting-members.ts'
import type { RunContext } from '../run/context.ts'
import { endQueued } from '../run/settle.ts'
import type { ProviderKeys } from './provider-keys.ts'

type QueueContext = Pick<RunContext, 'database' | 'delivery' | 'clock' | 'log' | 'queueDeadlineMs'>

const failedPerRun = 25

/** Ends requests that have waited too long. */
export async function failOverdue(context: QueueContext): Promise<void> {
  const { database, clock, log, queueDeadlineMs } = context
  const overdue = await database.statements
    .selectFrom('generations')
    .select('id')
    .where('state', '=', sql.lit('queued'))
    .where('created_at', '<', clock.now() - queueDeadlineMs)
    // In the order of their index. By `id`, PostgreSQL walks the primary key, where what is queued comes last.
    .orderBy('created_at')
    .orderBy('id')
    .limit(failedPerRun)
    .execute()
  for (const { id } of overdue) {
    const ended = await failQueued(id, { reason: 'queue-overdue' }, context)
    if (ended) log.warn(describeStep(ended, { reason: 'queue-overdue' }), 'a request exceeded the queue deadline; nothing is charged')
  }
}

/**
 * Ends requests that no provider can take: its key is gone from all workers (the operator removed it), or its account needs the operator. Others wait for
 * their provider until the queue's deadline.
 */
export async function failUnservable(keys: ProviderKeys, context: QueueContext): Promise<void> {
  const { database, log } = context
  const groups = await database.statements.selectFrom('generations').select('candidates').distinct().where('state', '=', 'queued').execute()
  if (groups.length === 0) return
  const blocked = await listBlocked(database.statements)
  for (const { candidates: stored } of groups) {
    const candidates = readCandidates(stored)
    const reasonAt = (createdAt: number) => unservableReason(candidates, { keys, blocked, createdAt })
    // Not one of any age: the times of all that is queued are not in the index.
    if (!reasonAt(0)) continue
    const rows = await database.statements
      .selectFrom('generations')
      .select(['id', 'created_at'])
      .where((row) => row.and({ state: 'queued', candidates: stored }))
      .orderBy('id')
      .limit(failedPerRun)
      .execute()
    for (const { id, created_at: createdAt } of rows) {
      const failure = reasonAt(createdAt)
      const ended = failure && (await failQueued(id, failure, context))
      if (ended) log.warn(describeStep(ended, failure), 'no provider can take a queued request; nothing is charged')
    }
  }
}

interface Failure {
  reason: EndReason
  /** The one that is the reason. */
  provider?: ProviderId
}

interface Situation {
  keys: ProviderKeys
  blocked: Awaited<ReturnType<typeof listBlocked>>
  createdAt: number
}

/** Undefined while at least one candidate may still take the request. */
function unservableReason(candidates: readonly ProviderId[], { keys, blocked, createdAt }: Situation): Failure | undefined {
  const failures = candidates.map((provider): Failure | undefined => {
    const reason = blocked.get(provider)
    if (reason === 'auth' || reason === 'no_credit') return { reason, provider }
    return keys.isGone(provider, createdAt) ? { reason: 'unavailable', provider } : undefined
  })
  if (failures.length === 0 || failures.includes(undefined)) return undefined
  return failures.find((failure) => failure?.reason !== 'unavailable') ?? failures[0]
}

/** No provider was asked, so nothing is charged: the reservation is released and the card says why. Undefined if it has left the queue. */
async function failQueued(
  id: string,
  { reason, provider }: Failure,
  { database, delivery, clock }: QueueContext,
): Promise<Generation | undefined> {
  const now = clock.now()
  const end = { state: 'failed', end_reason: reason, ...(provider !== undefined && { provider }), now } as const
  // One that cannot be read is ended and released all the same, but there is no telling what its card would say.
  const failed = await unlessUnreadable(() => endQueued(database, id, end), id, database.setAside)
  // Not awaited: a slow Discord must not delay claiming. The delivery retries until it is written.
  if (failed) void delivery.postOutcome(failed, { now })
  return failed
}
