import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'

/** No provider is paused for longer, whatever it asked for. */
export const longestPauseMs = 60 * 60_000

/** No process creates jobs at the provider before `until` (milliseconds since the epoch, see `sharedNow`). */
export async function pauseProvider(database: Database, provider: ProviderId, until: number): Promise<void> {
  await database.statements
    .updateTable('provider_state')
    .set({ closed_until: until })
    .where('provider', '=', provider)
    // A longer pause stays, unless it is so long that it came from a wrong clock.
    .where((state) => state.or([state('closed_until', '<', until), state('closed_until', '>', until + longestPauseMs)]))
    .execute()
}
