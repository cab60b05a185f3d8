import { releaseGuild } from '../../billing/ledger.ts'
import type { Database, Statements } from '../../storage/database.ts'
import { unlessUnreadable } from '../../storage/unreadable-rows.ts'
import { describeStep } from '../model/describe-step.ts'
import type { Generation } from '../model/generation.ts'
import type { RunContext } from '../run/context.ts'
import { mayBeJob } from '../store/attempts.ts'
import { reservationOf } from '../store/generation-rows.ts'
import { toGeneration, updateRowIf } from '../store/generations.ts'

type ReleaseContext = Pick<RunContext, 'database' | 'clock' | 'delivery' | 'log'>

/** How long a held generation without a sign of a job keeps its guild's money reserved, in milliseconds. */
const silenceMs = 60 * 60_000

/**
 * After an hour without a sign of a job (the provider's id of it, or an authentic webhook) the guild has its share back: one outage must not lock its day.
 * The installation's share stays reserved until the provider or the operator decides.
 */
export async function releaseSilentShares({ database, clock, delivery, log }: ReleaseContext): Promise<void> {
  for (const id of await findSilent(database.statements, clock.now() - silenceMs)) {
    const released = await unlessUnreadable(() => releaseShare(database, id, clock.now()), id, database.setAside)
    if (!released) continue
    log.info(describeStep(released, { provider: released.provider }), "no sign of a held job for an hour: the server's share is released")
    await delivery.postOutcome(released, { now: clock.now() })
  }
}

/** Undefined if it is no longer held, or another process was first. One that cannot be read is released, then the `StoredRowError` is thrown. */
async function releaseShare(database: Database, id: string, now: number): Promise<Generation | undefined> {
  const row = await database.transaction(async (transaction) => {
    const released = await updateRowIf(transaction, { id, state: 'held', guild_released_at: null }, { guild_released_at: now })
    if (released) await releaseGuild(transaction, reservationOf(released), now)
    return released
  })
  return row && toGeneration(row)
}

/** The ids of the generations held since then, or longer, of whose job nothing is known. */
async function findSilent(statements: Statements, since: number): Promise<string[]> {
  const rows = await statements
    .selectFrom('generations')
    .select('id')
    .where((row) => row.and({ state: 'held', held_decision: null, guild_released_at: null }))
    .where('ended_at', '<=', since)
    .where((row) => {
      const signs = row
        .selectFrom('attempts')
        .select('attempts.id')
        .whereRef('attempts.generation_id', '=', 'generations.id')
        // An earlier attempt was refused or failed for certain: what is known of its job says nothing about this one.
        .where('attempts.state', 'in', mayBeJob)
        .where((attempt) => {
          const webhooks = attempt.selectFrom('webhook_events').select('attempt_id').whereRef('attempt_id', '=', 'attempts.id')
          return attempt.or([attempt('attempts.operation', 'is not', null), attempt.exists(webhooks)])
        })
      return row.not(row.exists(signs))
    })
    .orderBy('id')
    .execute()
  return rows.map(({ id }) => id)
}
