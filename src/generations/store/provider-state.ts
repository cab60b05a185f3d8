import type { ProviderId } from '../../domain/provider-id.ts'
import type { Database } from '../../storage/database.ts'

/** No provider is left alone for longer, whatever it asked for. */
export const longestRestMs = 60 * 60_000

/** The provider asked for patience: no creates there before `until` (milliseconds since the epoch, see `sharedNow`), in whatever process. */
export async function pauseProvider(database: Database, provider: ProviderId, until: number): Promise<void> {
  await database.statements
    .updateTable('provider_state')
    .set({ closed_until: until })
    .where('provider', '=', provider)
    // Asked for a longer rest before; what is further ahead than any rest came from a clock that was wrong.
    .where((provider) => provider.or([provider('closed_until', '<', until), provider('closed_until', '>', until + longestRestMs)]))
    .execute()
}
