import { z } from 'zod'

import { microUsd, type MicroUsd } from '../domain/money.ts'
import type { ProviderId } from '../domain/provider-id.ts'
import type { LogLevel } from '../lib/log.ts'
import { type Environment, parseVariables, readVariable } from './environment.ts'
import { orderProviders, type ProviderConfig, type ProviderVariables, readProviders, variablesOf } from './provider-config.ts'
import { misspeltVariables, unreachableBudgets } from './warnings.ts'
import { dollars, guildIds, list, mostShards, publicUrl, shardRanges, storeUrl, wholeNumber } from './env-schema.ts'

/** Every outside address the bot speaks to. Only the sandbox sets other ones; no environment variable can. */
export interface Origins {
  /** Ends in `/api`; the version is added by the client. */
  discordApi: string
  /** The only places a member's image is fetched from. */
  discordMedia: readonly string[]
  /** Where each provider is, by the names in its descriptor; undefined for the real ones, which the descriptors name. */
  providers?: Readonly<Record<ProviderId, Readonly<Record<string, string>>>> | undefined
  /** Loopback and private addresses, and plain http: only ever true in the sandbox. */
  allowPrivateAddresses: boolean
}

export const liveOrigins: Origins = {
  discordApi: 'https://discord.com/api',
  discordMedia: ['https://cdn.discordapp.com', 'https://media.discordapp.net'],
  allowPrivateAddresses: false,
}

export interface Budgets {
  /** The most that may be spent in a UTC day, in micro-dollars. */
  day: MicroUsd
  /** The most that may be spent in a UTC month, in micro-dollars. */
  month: MicroUsd
}

/** Where everything durable is: a file of this process alone, or a PostgreSQL server that any number of processes share. The URL is a secret. */
export type StoreLocation = { file: string } | { url: string }

/** The part of Discord's gateway that this process serves. */
export interface GatewayShards {
  ids: readonly number[]
  /** Shards over all processes together. */
  count: number
}

export interface Config {
  discordToken: string
  /** In the order in which they are tried. */
  providers: readonly ProviderConfig[]
  /** The operator's own order of providers; undefined lets health, price and speed decide. */
  providerOrder: readonly ProviderId[] | undefined
  /** Where providers send webhooks; undefined if the bot cannot be reached from outside. */
  publicServer: { url: string; port: number } | undefined
  allowedGuilds: '*' | ReadonlySet<string>
  installationBudgets: Budgets
  /** What a guild may spend unless its own settings say otherwise. */
  guildBudgets: Budgets
  limits: { memberRequestsPerMinute: number; guildRequestsPerMinute: number }
  store: StoreLocation
  /** `gateway` takes what members ask for, `worker` makes the clips, `all` does both. */
  role: 'all' | 'gateway' | 'worker'
  /** `auto`: all shards, as many as Discord recommends. */
  shards: 'auto' | GatewayShards
  /** Milliseconds after which a queued request ends with nothing charged. */
  queueDeadlineMs: number
  /** Milliseconds after which a render that never ends is held. */
  renderDeadlineMs: number
  /** Milliseconds after which what a member wrote and showed is erased. */
  retentionMs: number
  /** Milliseconds that a stop waits for billable calls and uploads in progress. */
  stopGraceMs: number
  logLevel: LogLevel
  /** What is probably not meant so, although the bot can work with it: one sentence each, without values that may be secrets. */
  warnings: readonly string[]
}

/** The environment is not a valid configuration; each problem says what is wrong and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** The sandbox if nothing that the bot needs is set; `MODE` overrides this. */
export function chooseMode(environment: Environment, providers: readonly ProviderVariables[]): 'live' | 'sandbox' {
  const set = readVariable(environment, 'MODE')
  if (set === 'live' || set === 'sandbox') return set
  if (set !== undefined) throw new ConfigError([`MODE is "${set}": it can be live or sandbox, or be left out.`])
  const telling = ['DISCORD_TOKEN', 'DATABASE_URL', 'ROLE', ...providers.map(({ keyVariable }) => keyVariable)]
  return telling.some((name) => readVariable(environment, name) !== undefined) ? 'live' : 'sandbox'
}

const Variables = z.object({
  DISCORD_TOKEN: z.string().regex(/^\S{20,}$/, 'does not look like a bot token: copy it again from the Bot page of your application'),
  PROVIDERS: list.optional(),
  ALLOWED_GUILDS: guildIds.default(new Set<string>()),
  BUDGET_DAY_USD: dollars.default(microUsd(20)),
  BUDGET_MONTH_USD: dollars.default(microUsd(200)),
  GUILD_BUDGET_DAY_USD: dollars.default(microUsd(5)),
  GUILD_BUDGET_MONTH_USD: dollars.default(microUsd(50)),
  MEMBER_REQUESTS_PER_MINUTE: wholeNumber(1, 1000).default(6),
  GUILD_REQUESTS_PER_MINUTE: wholeNumber(1, 10_000).default(60),
  PUBLIC_URL: publicUrl.optional(),
  PORT: wholeNumber(1, 65_535).default(8080),
  DATA_DIR: z.string().min(1).default('./data'),
  DATABASE_URL: storeUrl.optional(),
  ROLE: z.enum(['all', 'gateway', 'worker'], 'is all, gateway or worker').default('all'),
  GATEWAY_SHARDS: shardRanges.default('auto'),
  GATEWAY_SHARD_COUNT: wholeNumber(1, mostShards).optional(),
  QUEUE_DEADLINE_MINUTES: wholeNumber(1, 1440).default(60),
  RENDER_DEADLINE_MINUTES: wholeNumber(5, 600).default(30),
  RETENTION_DAYS: wholeNumber(1, 3650).default(30),
  STOP_GRACE_SECONDS: wholeNumber(0, 600).default(30),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'is debug, info, warn, error or silent').default('info'),
})

/** Reads the whole environment at once, so that one start shows everything that is wrong with it. */
export function readConfig(environment: Environment, knownProviders: readonly ProviderVariables[]): Config {
  const problems: string[] = []
  if (readVariable(environment, 'DISCORD_TOKEN') === undefined) {
    problems.push('DISCORD_TOKEN is missing: the bot signs in to Discord with it (README, "Connect the real Discord").')
  }
  const configured = readProviders(environment, knownProviders, problems)
  const variables = parseVariables(Variables, environment, problems)
  const providers = variables?.PROVIDERS ? orderProviders(configured, variables.PROVIDERS, knownProviders, problems) : configured
  if (variables) problems.push(...contradictions(variables))
  const misspelt = misspeltVariables(environment, variableNames(knownProviders))
  if (problems.length > 0 || !variables) throw new ConfigError([...problems, ...misspelt])

  const installationBudgets = { day: variables.BUDGET_DAY_USD, month: variables.BUDGET_MONTH_USD }
  const guildBudgets = { day: variables.GUILD_BUDGET_DAY_USD, month: variables.GUILD_BUDGET_MONTH_USD }
  const budgets = [
    { prefix: 'BUDGET', ...installationBudgets },
    { prefix: 'GUILD_BUDGET', ...guildBudgets },
  ]
  return {
    discordToken: variables.DISCORD_TOKEN,
    providers,
    providerOrder: variables.PROVIDERS,
    publicServer: variables.PUBLIC_URL === undefined ? undefined : { url: variables.PUBLIC_URL, port: variables.PORT },
    allowedGuilds: variables.ALLOWED_GUILDS,
    installationBudgets,
    guildBudgets,
    limits: { memberRequestsPerMinute: variables.MEMBER_REQUESTS_PER_MINUTE, guildRequestsPerMinute: variables.GUILD_REQUESTS_PER_MINUTE },
    store: storeOf(variables),
    role: variables.ROLE,
    shards:
      variables.GATEWAY_SHARDS === 'auto' || variables.GATEWAY_SHARD_COUNT === undefined
        ? 'auto'
        : { ids: variables.GATEWAY_SHARDS, count: variables.GATEWAY_SHARD_COUNT },
    queueDeadlineMs: variables.QUEUE_DEADLINE_MINUTES * 60_000,
    renderDeadlineMs: variables.RENDER_DEADLINE_MINUTES * 60_000,
    retentionMs: variables.RETENTION_DAYS * 24 * 60 * 60_000,
    stopGraceMs: variables.STOP_GRACE_SECONDS * 1000,
    logLevel: variables.LOG_LEVEL,
    warnings: [...misspelt, ...unreachableBudgets(budgets)],
  }
}

/** Variables that are valid alone but not together. */
function contradictions(variables: z.infer<typeof Variables>): string[] {
  const { ROLE: role, GATEWAY_SHARDS: shards, GATEWAY_SHARD_COUNT: count } = variables
  const problems: string[] = []
  if (role !== 'all' && 'file' in storeOf(variables)) {
    problems.push(
      `ROLE is ${role}, but an SQLite file belongs to one process: set DATABASE_URL to a PostgreSQL server that all processes share, or ROLE to all.`,
    )
  }
  if (shards !== 'auto' && count === undefined) {
    problems.push('GATEWAY_SHARD_COUNT is missing: with shards named in GATEWAY_SHARDS it says how many there are over all processes.')
  }
  if (shards === 'auto' && count !== undefined) {
    problems.push(
      'GATEWAY_SHARD_COUNT is only read together with a list in GATEWAY_SHARDS: name the shards of this process there, as in 0-3.',
    )
  }
  if (shards !== 'auto' && count !== undefined && shards.some((shard) => shard >= count)) {
    problems.push(`GATEWAY_SHARDS names a shard that does not exist: with GATEWAY_SHARD_COUNT=${count} they go from 0 to ${count - 1}.`)
  }
  return problems
}

function storeOf({ DATABASE_URL: url = 'sqlite:', DATA_DIR: folder }: z.infer<typeof Variables>): StoreLocation {
  if (!url.startsWith('sqlite:')) return { url }
  return { file: url.slice('sqlite:'.length) || `${folder}/rushes.db` }
}

/** Every variable that is read; the README's table and `.env.example` are compared with it. */
export function variableNames(providers: readonly ProviderVariables[]): string[] {
  return ['MODE', ...Object.keys(Variables.shape), ...providers.flatMap(variablesOf)]
}
