import { createBilling } from '../../src/billing/create-billing.ts'
import { createClipService } from '../../src/clip-service.ts'
import { type Config, readConfig } from '../../src/config/config.ts'
import { createGenerations, type Generations } from '../../src/generations/create-generations.ts'
import type { ClipService } from '../../src/generations/model/clip-service-port.ts'
import type { CardDeletions, Delivery } from '../../src/generations/model/delivery-port.ts'
import type { Requester } from '../../src/generations/model/generation.ts'
import type { ProviderId } from '../../src/domain/provider-id.ts'
import { type Clock, wallClock } from '../../src/lib/clock.ts'
import type { Log } from '../../src/lib/log.ts'
import type { Provider } from '../../src/providers/provider.ts'
import { providerDescriptors } from '../../src/providers/registry.ts'
import type { Database } from '../../src/storage/database.ts'
import { mp4 } from '../../test/support/media/mp4.ts'
import { instantProvider } from './instant-provider.ts'

export interface CoreOptions {
  database: Database
  /** Replaces parts of a delivery that reaches no Discord. */
  delivery?: Partial<Delivery>
  /** Of every configured id; by default one that completes every job at once. */
  createProvider?: (id: ProviderId) => Provider
  clock?: Clock
  log: Log
}

export interface Core extends Generations {
  config: Config
  clipService: ClipService
  delivery: Delivery
  providers: ReadonlyMap<ProviderId, Provider>
}

/** Everything between Discord and the providers, joined as `main.ts` does it; all providers, and limits that refuse nothing. Nothing is started. */
export async function createCore(options: CoreOptions): Promise<Core> {
  const { database, createProvider = instantProvider, clock = wallClock, log } = options
  const config = benchConfig()
  const providers = new Map(config.providers.map(({ id }) => [id, createProvider(id)]))
  const delivery = { ...silentDelivery, ...options.delivery }
  const generations = await createGenerations({
    ...{ config, database, providers, delivery, clock, log },
    outputLifetimes: new Map(),
    download: () => Promise.resolve(clip),
  })
  const clipService = createClipService({
    ...{ config, database, delivery, clock, log },
    ...createBilling({ config, database, clock }),
    ...generations,
    providers: [...providers.values()],
    downloadImage: () => Promise.reject(new Error('no bench sends an image')),
  })
  return { ...generations, config, clipService, delivery, providers }
}

const clip = new Uint8Array(mp4())

const silentDelivery: Delivery & CardDeletions = {
  show: () => undefined,
  findPosted: () => Promise.resolve(undefined),
  post: () => Promise.resolve({ channelId: '1', messageId: '2' }),
  postOutcome: () => Promise.resolve(),
  drain: () => Promise.resolve(),
  onCardDeleted: () => undefined,
}

function benchConfig(): Config {
  const keys = providerDescriptors.flatMap(({ id, keyVariable }): [string, string][] => [
    [keyVariable, 'key'],
    [`${id.toUpperCase()}_CONCURRENCY`, '1000'],
  ])
  const config = readConfig(
    {
      ...{
        DISCORD_TOKEN: 'a-token-of-no-application',
        ALLOWED_GUILDS: '*',
        MEMBER_REQUESTS_PER_MINUTE: '1000',
        GUILD_REQUESTS_PER_MINUTE: '10000',
      },
      ...{ BUDGET_DAY_USD: '9000000', BUDGET_MONTH_USD: '9000000', GUILD_BUDGET_DAY_USD: '9000000', GUILD_BUDGET_MONTH_USD: '9000000' },
      ...Object.fromEntries(keys),
    },
    providerDescriptors,
  )
  // More than can be configured: what is measured is the bot, not the rate at which a provider takes jobs.
  return { ...config, providers: config.providers.map((provider) => ({ ...provider, createsPerMinute: 600_000 })) }
}

/** Ids of guilds and members count from it. */
export const firstSnowflake = 500_000_000_000_000_000n

/** One of a number of members in a number of guilds, and an interaction that no other has. */
export function requesterOf(guild: number, member: number, interaction: number): Requester {
  return {
    guildId: String(firstSnowflake + BigInt(guild)),
    memberId: String(firstSnowflake + BigInt(guild * 1000 + member)),
    channelId: String(firstSnowflake + BigInt(guild)),
    reply: {
      applicationId: String(firstSnowflake),
      interactionId: String(firstSnowflake + BigInt(interaction)),
      token: `token-${interaction}`,
      attachmentSizeLimit: 10_485_760,
      locale: 'en-US',
    },
  }
}
