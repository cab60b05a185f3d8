import type { ProviderId } from '../../domain/provider-id.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { exponential } from '../../lib/retry.ts'
import { type Database, sharedNow, type Statements } from '../../storage/database.ts'
import type { BlockReason, ProviderStateRow } from '../../storage/schema.ts'

/**
 * A provider whose create call was lost, failed or refused for the account is blocked: no process sends it another one until a free call to it has
 * succeeded. Then one create call is tried alone; its answer lifts the block. All times are those of `sharedNow`.
 */

/** Milliseconds before the first free call, the second and so on. Keys and credit are mended by people, who wait for it. */
const probeDelays: Record<BlockReason, (attempt: number) => number> = {
  submission_unknown: exponential(30_000, 10 * 60_000),
  unavailable: exponential(5000, 60_000),
  auth: () => 30_000,
  no_credit: () => 30_000,
}
/** Milliseconds after the tried create call was lost as well: free calls do not show this outage, and each further try may cost a clip. */
const afterLostTrialMs = 60 * 60_000
/** Longer than a create call can take: after that its process is gone, and free calls begin again. */
const trialMs = 5 * 60_000
/** A failure that comes late does not replace a reason of more weight. */
const weights: Record<BlockReason, number> = { unavailable: 0, submission_unknown: 1, auth: 2, no_credit: 2 }
/** Create calls under way at once, uploads included: an outage begins with the loss of these. */
const usualSubmitting = 2

const unblocked = { blocked_reason: null, blocked_at: null, probe_at: null, probes_failed: 0 }

/** How many generations may be `submitting` at a provider in this state. */
export function maxSubmitting(state: Pick<ProviderStateRow, 'blocked_reason' | 'probe_at'>): number {
  if (state.blocked_reason === null) return usualSubmitting
  return state.probe_at === null ? 1 : 0
}

/** The providers that get no create call now, and why. While one is tried, the account may be mended: then it is only `unavailable`. */
export async function listBlocked(statements: Statements): Promise<Map<ProviderId, BlockReason>> {
  const rows = await statements
    .selectFrom('provider_state')
    .select(['provider', 'blocked_reason', 'blocked_at'])
    .where('blocked_reason', 'is not', null)
    .where('probe_at', 'is not', null)
    .execute()
  return new Map(rows.map((row) => [row.provider, (row.blocked_at !== null && row.blocked_reason) || 'unavailable']))
}

/** The call that failed: `trial` is the one create call after a free call, `probe` a free call. */
export type FailedCall = 'create' | 'trial' | 'probe'

/**
 * A provider that is blocked gets no other create call, so one that fails then was sent before: it neither weakens the reason nor brings the next free
 * call forward. Returns true if the provider was not blocked for this reason before.
 */
export function blockProvider(
  database: Database,
  provider: ProviderId,
  reason: BlockReason,
  { now, call = 'create', outageSpeed = 1 }: { now: number; call?: FailedCall; outageSpeed?: number | undefined },
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const state = await transaction
      .insertInto('provider_state')
      .values({ provider })
      // Changes nothing, and locks the row.
      .onConflict((conflict) => conflict.column('provider').doUpdateSet({ provider }))
      .returningAll()
      .executeTakeFirstOrThrow()
    const { blocked_reason: earlier, probe_at: earlierProbeAt } = state
    const lostTrial = call === 'trial' && reason === 'submission_unknown'
    const delay = lostTrial ? afterLostTrialMs : probeDelays[reason](state.probes_failed + 1)
    const isLate = call === 'create' && earlier !== null
    const kept = isLate && weights[earlier] > weights[reason] ? earlier : reason
    const probeAt = Math.max(now + Math.ceil(delay / outageSpeed), (isLate && earlierProbeAt) || 0)
    await transaction
      .updateTable('provider_state')
      .set({ blocked_reason: kept, blocked_at: now, probe_at: probeAt })
      .where('provider', '=', provider)
      .execute()
    return kept !== earlier
  })
}

export interface BlockContext {
  database: Database
  /** Divides the waits before free calls; 1 by default. */
  outageSpeed?: number | undefined
  clock: Clock
  log: Log
}

/** Blocks the provider from now on, and tells the operator once for each reason. */
export async function reportBlock(
  { database, clock, log, outageSpeed }: BlockContext,
  provider: ProviderId,
  reason: BlockReason,
  call: FailedCall,
): Promise<void> {
  const isNew = await blockProvider(database, provider, reason, { now: await sharedNow(database, clock), call, outageSpeed })
  if (!isNew) return
  if (reason === 'auth' || reason === 'no_credit') log.error({ provider, reason }, 'provider blocked: check its key and its credit')
  else log.warn({ provider, reason }, 'provider blocked until a free call to it succeeds')
}

/**
 * Asked immediately before a create call. `blocked`: it must not be sent. `trial`: it is the one that is tried, and whoever asks next is told
 * `blocked` until its answer is known.
 */
export async function admitCreate(
  statements: Statements,
  provider: ProviderId,
  { now, outageSpeed = 1 }: { now: number; outageSpeed?: number | undefined },
): Promise<'open' | 'trial' | 'blocked'> {
  const trial = await statements
    .updateTable('provider_state')
    .set({ blocked_at: null, probe_at: now + Math.ceil(trialMs / outageSpeed) })
    .where('provider', '=', provider)
    .where('blocked_reason', 'is not', null)
    .where('probe_at', 'is', null)
    .returning('provider')
    .executeTakeFirst()
  if (trial) return 'trial'
  return (await listBlocked(statements)).has(provider) ? 'blocked' : 'open'
}

/** The provider answered the create call that was tried. */
export async function unblockProvider(statements: Statements, provider: ProviderId): Promise<void> {
  await statements
    .updateTable('provider_state')
    .set(unblocked)
    .where('provider', '=', provider)
    .where('blocked_reason', 'is not', null)
    .execute()
}

/** The job of a create call that was lost was found. A call that was lost since says more, and so does one that was refused for the account. */
export async function unblockFound(statements: Statements, provider: ProviderId, sentAt: number): Promise<void> {
  const lostSince = statements
    .selectFrom('attempts')
    .select('id')
    .where((row) => row.and({ provider, state: 'unknown', operation: null }))
    .where('sent_at', '>', sentAt)
  await statements
    .updateTable('provider_state')
    .set(unblocked)
    .where((row) => row.and({ provider, blocked_reason: 'submission_unknown' }))
    .where((row) => row.not(row.exists(lostSince)))
    .execute()
}

/** A free call that this process is to make. */
export interface DueProbe {
  provider: ProviderId
  reason: BlockReason
  /** When the next one is due unless this one succeeds. */
  nextAt: number
}

/**
 * Takes the free calls that are due, each for one of several processes. Each counts as failed until `allowTrial`: a process that dies in it leaves
 * nothing to clean up.
 */
export async function claimDueProbes(
  statements: Statements,
  providers: readonly ProviderId[],
  { now, outageSpeed = 1 }: { now: number; outageSpeed?: number | undefined },
): Promise<DueProbe[]> {
  const rows = await statements
    .selectFrom('provider_state')
    .selectAll()
    .where('provider', 'in', [...providers])
    .where('blocked_reason', 'is not', null)
    // A time further ahead than any delay comes from a clock that was set back.
    .where((state) => state.or([state('probe_at', '<=', now), state('probe_at', '>', now + afterLostTrialMs)]))
    .execute()
  const claimed: DueProbe[] = []
  for (const { provider, blocked_reason: reason, probe_at: probeAt, probes_failed: failed } of rows) {
    if (reason === null) continue
    const nextAt = now + Math.ceil(probeDelays[reason](failed + 2) / outageSpeed)
    const row = await statements
      .updateTable('provider_state')
      .set({ probe_at: nextAt, probes_failed: failed + 1 })
      .where((state) => state.and({ provider, blocked_reason: reason, probe_at: probeAt, probes_failed: failed }))
      .returning('provider')
      .executeTakeFirst()
    if (row) claimed.push({ provider, reason, nextAt })
  }
  return claimed
}

/** The free call succeeded: one create call may be tried. False if the provider was blocked anew meanwhile. */
export async function allowTrial(statements: Statements, { provider, reason, nextAt }: DueProbe): Promise<boolean> {
  const row = await statements
    .updateTable('provider_state')
    .set({ probe_at: null })
    .where((state) => state.and({ provider, blocked_reason: reason, probe_at: nextAt }))
    .returning('provider')
    .executeTakeFirst()
  return row !== undefined
}
