import type { BotSettings } from './bot.ts'
import type { Store } from '../shared/store.ts'
import type { ChaosSandbox } from '../sandbox/sandbox.ts'

export const providerNames = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'] as const

/** Low enough that requests wait in the queue. */
export const caps: Readonly<Record<string, number>> = Object.fromEntries(providerNames.map((id) => [id, 2]))

/** Short, so that a dead worker is soon noticed. */
export const leaseTimes = { heartbeatMs: 500, expiryMs: 5000 }

/**
 * After a lost create answer a provider gets no create call for half a minute, and for an hour if the next one is lost, too: a run would soon have no provider
 * left, and would last for ten minutes more whenever a lost job is not found.
 */
const outageSpeed = 20

/** What every bot process is started with. */
export function settingsFor(
  { discord, providers, slowOrigins }: ChaosSandbox,
  store: Store,
  { providerSpeed, publicPort }: { providerSpeed: number; publicPort: number },
): BotSettings {
  const budgets = ['BUDGET_DAY_USD', 'BUDGET_MONTH_USD', 'GUILD_BUDGET_DAY_USD', 'GUILD_BUDGET_MONTH_USD'].map((name) => [name, '5000'])
  return {
    environment: {
      DISCORD_TOKEN: discord.token,
      FAL_KEY: providers.fal.apiKey,
      REPLICATE_API_TOKEN: providers.replicate.apiKey,
      WAVESPEED_API_KEY: providers.wavespeed.apiKey,
      RUNWARE_API_KEY: providers.runware.apiKey,
      EACHLABS_API_KEY: providers.eachlabs.apiKey,
      ALLOWED_GUILDS: '*',
      LOG_LEVEL: 'info',
      MEMBER_REQUESTS_PER_MINUTE: '1000',
      GUILD_REQUESTS_PER_MINUTE: '10000',
      PUBLIC_URL: `http://127.0.0.1:${publicPort}`,
      PORT: String(publicPort),
      ...store.environment,
      ...(Object.fromEntries([
        ...budgets,
        ...Object.entries(caps).map(([id, cap]) => [`${id.toUpperCase()}_CONCURRENCY`, String(cap)]),
        ...providerNames.map((id) => [`${id.toUpperCase()}_CREATES_PER_MINUTE`, '6000']),
      ]) as Record<string, string>),
    },
    origins: {
      discordApi: discord.api,
      discordMedia: [discord.cdn],
      providers: {
        fal: { queue: slowOrigins.fal, rest: providers.fal.origins['rest'] ?? '' },
        replicate: { api: slowOrigins.replicate },
        wavespeed: { api: slowOrigins.wavespeed },
        runware: { api: slowOrigins.runware },
        eachlabs: { api: slowOrigins.eachlabs },
      },
      allowPrivateAddresses: true,
    },
    // A clip takes 160 s of the providers' clock, which runs faster than real time.
    typicalRunMs: { 5: 160_000 / providerSpeed, 10: 250_000 / providerSpeed },
    leaseTimes,
    outageSpeed,
  }
}
