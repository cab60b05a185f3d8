import type { Keyv } from 'keyv'
import { z } from 'zod'

import type { Budgets } from '../config/config.ts'
import type { Snowflake } from '../domain/ids.ts'
import { Refusal } from '../domain/refusal.ts'
import { type Clock, wallClock } from '../lib/clock.ts'
import { ExpiringMap } from '../lib/expiring-map.ts'

const microDollars = z.number().int().nonnegative()

/** What a guild may configure. The operator's default applies to the rest. */
const GuildSettings = z.strictObject({
  budgets: z.strictObject({ day: microDollars.optional(), month: microDollars.optional() }).optional(),
  /** Providers in the order in which they are tried. */
  providers: z.array(z.string()).min(1).optional(),
  /** IANA name; days and months of the guild's wallet begin by its calendar. */
  timeZone: z
    .string()
    .refine((name) => isTimeZone(name))
    .optional(),
})
export type GuildSettings = z.infer<typeof GuildSettings>

export interface GuildSettingsStore {
  /** As they are now, or were at most five seconds ago where another process has changed them. Nothing stored means defaults. Throws a `Refusal` if the store fails or the row is invalid, so that no money is spent on a guess. */
  read(guildId: Snowflake): Promise<GuildSettings>
  write(guildId: Snowflake, settings: GuildSettings): Promise<void>
}

/** In milliseconds. */
const keptMs = 5000

export function createGuildSettings(keyv: Keyv, clock: Pick<Clock, 'now'> = wallClock): GuildSettingsStore {
  const kept = new ExpiringMap<Snowflake, Promise<GuildSettings>>(keptMs, clock)
  return {
    read: (guildId) => {
      const known = kept.get(guildId)
      if (known) return known
      const settings = readStored(keyv, guildId)
      kept.set(guildId, settings)
      // The next request tries again.
      settings.catch(() => kept.delete(guildId))
      return settings
    },
    write: async (guildId, settings) => {
      try {
        await keyv.set(guildId, GuildSettings.parse(settings))
      } finally {
        // Also a read that began before the write was done.
        kept.delete(guildId)
      }
    },
  }
}

async function readStored(keyv: Keyv, guildId: Snowflake): Promise<GuildSettings> {
  let stored: unknown
  try {
    stored = await keyv.get(guildId)
  } catch {
    throw new Refusal('store-unavailable')
  }
  if (stored === undefined) return {}
  const parsed = GuildSettings.safeParse(stored)
  if (!parsed.success) throw new Refusal('store-unavailable')
  return parsed.data
}

/** The guild's own budgets over the operator's defaults. */
export function budgetsOf(settings: GuildSettings, defaults: Budgets): Budgets {
  return { day: settings.budgets?.day ?? defaults.day, month: settings.budgets?.month ?? defaults.month }
}

function isTimeZone(name: string): boolean {
  return Intl.supportedValuesOf('timeZone').includes(name) || name === 'UTC'
}
