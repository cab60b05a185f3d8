import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database, Statements } from '../../storage/database.ts'
import { readWorkers } from '../../storage/workers.ts'

/**
 * How long (milliseconds) no live worker may have a provider's key before anything of it is refused, moved or held for that: the only one that has it
 * may be restarting.
 */
export const missingKeyGraceMs = 10 * 60_000
/** A provider with a key is noted this often, so it may have been served this much later than it was noted. */
const noteEveryMs = 30_000

/** Which providers the live workers have keys for. */
export interface ProviderKeys {
  readonly served: ReadonlySet<ProviderId>
  /** The worker that started first: it maintains the queue. The same for all, once they see the same workers. */
  readonly eldest: string | undefined
  /** Whether the key is gone for good, as far as a request of this age is concerned. */
  isGone: (provider: ProviderId, createdAt: number) => boolean
  /** Whether this worker may continue a job: not where another one has the key, or may soon have it again. */
  mayAdopt: (job: { provider: ProviderId; createdAt: number }) => boolean
}

/** This worker. */
export interface KeyHolder {
  owner: string
  /** Those it has keys for. */
  providers: readonly ProviderId[]
  /** By the clock of `sharedNow`, like `now`. */
  startedAt: number
  now: number
}

export async function readProviderKeys({ statements, sharedUrl }: Database, holder: KeyHolder): Promise<ProviderKeys> {
  const { owner, providers, startedAt, now } = holder
  const alone = { eldest: owner, since: startedAt, served: new Set(providers) }
  // Nobody knows what was served before the first of the live workers started.
  const { eldest, since, served } = sharedUrl === undefined ? alone : await readWorkers(statements)
  const rows = await statements.selectFrom('provider_state').select(['provider', 'served_at']).execute()
  const servedAt = new Map(rows.map((row) => [row.provider, row.served_at]))
  const isGone = (provider: ProviderId, createdAt: number) => {
    // A time ahead of now comes from a clock that was set back.
    const times = [servedAt.get(provider) ?? 0, since, createdAt].filter((at) => at <= now)
    return !served.has(provider) && now - Math.max(0, ...times) > missingKeyGraceMs + noteEveryMs
  }
  return { served, eldest, isGone, mayAdopt: ({ provider, createdAt }) => providers.includes(provider) || isGone(provider, createdAt) }
}

/** Notes that these providers have a live worker with their key. Writes nothing if that was noted a moment ago. */
export async function noteServed(statements: Statements, providers: Iterable<ProviderId>, now: number): Promise<void> {
  const rows = [...providers].sort().map((provider) => ({ provider, served_at: now }))
  if (rows.length === 0) return
  await statements
    .insertInto('provider_state')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .column('provider')
        .doUpdateSet({ served_at: now })
        .where((state) =>
          state.or([state('provider_state.served_at', '<', now - noteEveryMs), state('provider_state.served_at', '>', now)]),
        ),
    )
    .execute()
}
