import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'

/** No provider is paused for longer, whatever it asked for. */
export const longestPauseMs = 60 * 60_000

/** No process creates jobs at the provider before `until` (milliseconds since the epoch, see `sharedNow`). */
export async function pauseProvider(database: Database, provider: ProviderId, until: number): Promise<void> {
  await database.statements
    .insertInto('provider_state')
    .values({ provider, closed_until: until })
    .onConflict((conflict) =>
      conflict
        .column('provider')
        .doUpdateSet({ closed_until: until })
        // A longer pause stays, unless it is so long that it came from a wrong clock.
        .where((state) =>
          state.or([state('provider_state.closed_until', '<', until), state('provider_state.closed_until', '>', until + longestPauseMs)]),
        ),
    )
    .execute()
}
