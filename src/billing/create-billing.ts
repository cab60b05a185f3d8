import type { Config } from '../config/config.ts'
import type { Clock } from '../lib/clock.ts'
import type { Database } from '../storage/database.ts'
import { createKeyv } from '../storage/keyv.ts'
import { createGuildSettings, type GuildSettingsStore } from './guild-settings.ts'
import { createRequestRateLimits, type RequestRateLimits } from './request-rate-limits.ts'

export interface Billing {
  settings: GuildSettingsStore
  limits: RequestRateLimits
}

/** Creates what decides whether a request may be made. The ledger needs no instance: its functions take the transaction. */
export function createBilling({ config, database, clock }: { config: Pick<Config, 'limits'>; database: Database; clock: Clock }): Billing {
  return { settings: createGuildSettings(createKeyv(database, 'guild-settings')), limits: createRequestRateLimits(config.limits, clock) }
}
