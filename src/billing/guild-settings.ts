import type { Keyv } from 'keyv'
import { z } from 'zod'

import type { Budgets } from '../config/config.ts'
import type { Snowflake } from '../domain/ids.ts'
import { Refusal } from '../domain/refusal.ts'

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
  /** Nothing stored means defaults. Throws a `Refusal` if the store fails or the row is invalid, so that no money is spent on a guess. */
  read(guildId: Snowflake): Promise<GuildSettings>
  write(guildId: Snowflake, settings: GuildSettings): Promise<void>
}

export function createGuildSettings(keyv: Keyv): GuildSettingsStore {
  return {
    read: async (guildId) => {
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
    },
    write: async (guildId, settings) => {
      await keyv.set(guildId, GuildSettings.parse(settings))
    },
  }
}

/** The guild's own budgets over the operator's defaults. */
export function budgetsOf(settings: GuildSettings, defaults: Budgets): Budgets {
  return { day: settings.budgets?.day ?? defaults.day, month: settings.budgets?.month ?? defaults.month }
}

function isTimeZone(name: string): boolean {
  return Intl.supportedValuesOf('timeZone').includes(name) || name === 'UTC'
}
