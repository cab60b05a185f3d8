import { z } from 'zod'

import { microUsd, type MicroUsd } from '../domain/money.ts'
import { providerIds, type ProviderId } from '../domain/provider-id.ts'
import { dollars, guildIds, providerOrder, mostShards, publicUrl, shardRanges, storeUrl, wholeNumber } from './env-schema.ts'

/** Every outside address the bot speaks to. Only the sandbox sets other ones; no environment variable can. */
export interface Origins {
  /** Ends in `/api`; the version is added by the client. */
  discordApi: string
  /** The only places a member's image is fetched from. */
  discordMedia: readonly string[]
  fal: { queue: string; storage: string }
  replicate: { api: string }
  wavespeed: { api: string }
  runware: { api: string }
  eachlabs: { api: string }
  /** Loopback and private addresses, and plain http: only ever true in the sandbox. */
  allowPrivateAddresses: boolean
}

export const liveOrigins: Origins = {
  discordApi: 'https://discord.com/api',
  discordMedia: ['https://cdn.discordapp.com', 'https://media.discordapp.net'],
  fal: { queue: 'https://queue.fal.run', storage: 'https://rest.fal.ai' },
  replicate: { api: 'https://api.replicate.com' },
  wavespeed: { api: 'https://api.wavespeed.ai' },
  runware: { api: 'https://api.runware.ai' },
  eachlabs: { api: 'https://api.eachlabs.ai' },
  allowPrivateAddresses: false,
}

export interface Budgets {
  /** The most that may be spent in a UTC day, in micro-dollars. */
  day: MicroUsd
  /** The most that may be spent in a UTC month, in micro-dollars. */
  month: MicroUsd
}

export interface ProviderConfig {
  id: ProviderId
  apiKey: string
  /** Jobs that may run there at once. */
  concurrency: number
  createsPerMinute: number
}

/** Where everything durable is: a file of this process alone, or a PostgreSQL server that any number of processes share. The URL is a secret. */
export type StoreLocation = { file: string } | { url: string }

/** `gateway` takes what members ask for, `worker` makes the clips, `all` does both. */
export type Role = 'all' | 'gateway' | 'worker'

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
  /** Where providers can announce that a job is done; undefined where nobody outside can reach the bot. */
  publicServer: { url: string; port: number } | undefined
  allowedGuilds: '*' | ReadonlySet<string>
  installationBudgets: Budgets
  /** What a guild may spend unless its own settings say otherwise. */
  guildBudgets: Budgets
  limits: { memberRequestsPerMinute: number; guildRequestsPerMinute: number }
  store: StoreLocation
  role: Role
  /** `auto`: all shards, as many as Discord recommends. */
  shards: 'auto' | GatewayShards
  /** Of Runware alone: how good, and so how large its files are (20 to 99), and its own look at the clip, which has a price. */
  runware: { output: { quality: number }; safety: { checkContent: boolean; mode: 'fast' | 'full' } | undefined }
  /** Milliseconds that a request may wait in the queue before it is given up and refunded. */
  queueDeadlineMs: number
  /** Milliseconds after which a render that never ends is held. */
  renderDeadlineMs: number
  /** Milliseconds that a stop waits for create calls under way. */
  stopGraceMs: number
  logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
}

/** The environment does not make a configuration; each line says what is wrong and what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Nothing that makes a bot is set: the newcomer gets the sandbox. `MODE` overrides. */
export function chooseMode(environment: Environment): 'live' | 'sandbox' {
  const set = readVariable(environment, 'MODE')
  if (set === 'live' || set === 'sandbox') return set
  if (set !== undefined) throw new ConfigError([`MODE is "${set}": it can be live or sandbox, or be left out.`])
  const telling = ['DISCORD_TOKEN', 'DATABASE_URL', 'ROLE', ...Object.values(keyVariables)]
  return telling.some((name) => readVariable(environment, name) !== undefined) ? 'live' : 'sandbox'
}

/** The variable that holds each provider's key, as the provider's own tools call it. */
export const keyVariables: Record<ProviderId, string> = {
  fal: 'FAL_KEY',
  replicate: 'REPLICATE_API_TOKEN',
  wavespeed: 'WAVESPEED_API_KEY',
  runware: 'RUNWARE_API_KEY',
  eachlabs: 'EACHLABS_API_KEY',
}

/** What an account has on its first day, where the provider says it; more is the operator's to set. */
const defaultConcurrency: Record<ProviderId, number> = { fal: 2, replicate: 4, wavespeed: 3, runware: 4, eachlabs: 10 }
const defaultCreatesPerMinute: Record<ProviderId, number> = { fal: 60, replicate: 60, wavespeed: 5, runware: 60, eachlabs: 60 }

const Variables = z.object({
  DISCORD_TOKEN: z.string().regex(/^\S{20,}$/, 'does not look like a bot token: copy it anew from the Bot page of your application'),
  PROVIDERS: providerOrder.optional(),
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
  STOP_GRACE_SECONDS: wholeNumber(0, 600).default(30),
  RUNWARE_OUTPUT_QUALITY: wholeNumber(20, 99).default(95),
  RUNWARE_SAFETY: z.enum(['none', 'fast', 'full'], 'is none, fast or full').default('none'),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'is debug, info, warn, error or silent').default('info'),
})

/** Reads and judges the whole environment at once, so that one look shows everything that is missing. */
export function readConfig(environment: Environment): Config {
  const problems: string[] = []
  const providers = providerIds.filter((id) => readVariable(environment, keyVariables[id]) !== undefined)

  if (readVariable(environment, 'DISCORD_TOKEN') === undefined) {
    problems.push('DISCORD_TOKEN is missing: the bot signs in to Discord with it (README, "Connect the real Discord").')
  }
  if (providers.length === 0) {
    problems.push(
      `No provider key is set: clips are made by a provider. Set one of ${Object.values(keyVariables).join(', ')} (README, "Connect the real Discord").`,
    )
  }
  const names = [...Object.keys(Variables.shape), ...providers.flatMap((id) => [concurrencyVariable(id), createsVariable(id)])]
  const present = Object.fromEntries(names.map((name) => [name, readVariable(environment, name)]))
  const providerVariables = Object.fromEntries(
    providers.flatMap((id) => [
      [concurrencyVariable(id), wholeNumber(1, 1000).default(defaultConcurrency[id])],
      [createsVariable(id), wholeNumber(1, 10_000).default(defaultCreatesPerMinute[id])],
    ]),
  )
  const parsed = Variables.safeParse(present)
  const parsedProviders = z.object(providerVariables).safeParse(present)
  for (const issue of [...(parsed.error?.issues ?? []), ...(parsedProviders.error?.issues ?? [])]) {
    const name = issue.path.join('.')
    // What is missing was said above; a value is never repeated, since it may be a secret.
    if (present[name] !== undefined) problems.push(`${name} ${issue.message}.`)
  }
  for (const id of parsed.data?.PROVIDERS ?? []) {
    if (!providers.includes(id))
      problems.push(`PROVIDERS names ${id}, but ${keyVariables[id]} is not set: set the key, or take ${id} off the list.`)
  }
  if (parsed.success) problems.push(...contradictions(parsed.data))
  if (problems.length > 0 || !parsed.success || !parsedProviders.success) throw new ConfigError(problems)

  const variables = parsed.data
  return {
    discordToken: variables.DISCORD_TOKEN,
    providers: (variables.PROVIDERS ?? providers).map((id) => ({
      id,
      apiKey: readVariable(environment, keyVariables[id]) ?? '',
      concurrency: parsedProviders.data[concurrencyVariable(id)] ?? defaultConcurrency[id],
      createsPerMinute: parsedProviders.data[createsVariable(id)] ?? defaultCreatesPerMinute[id],
    })),
    providerOrder: variables.PROVIDERS,
    publicServer: variables.PUBLIC_URL === undefined ? undefined : { url: variables.PUBLIC_URL, port: variables.PORT },
    allowedGuilds: variables.ALLOWED_GUILDS,
    installationBudgets: { day: variables.BUDGET_DAY_USD, month: variables.BUDGET_MONTH_USD },
    guildBudgets: { day: variables.GUILD_BUDGET_DAY_USD, month: variables.GUILD_BUDGET_MONTH_USD },
    limits: { memberRequestsPerMinute: variables.MEMBER_REQUESTS_PER_MINUTE, guildRequestsPerMinute: variables.GUILD_REQUESTS_PER_MINUTE },
    store: storeOf(variables),
    role: variables.ROLE,
    shards:
      variables.GATEWAY_SHARDS === 'auto' || variables.GATEWAY_SHARD_COUNT === undefined
        ? 'auto'
        : { ids: variables.GATEWAY_SHARDS, count: variables.GATEWAY_SHARD_COUNT },
    runware: {
      output: { quality: variables.RUNWARE_OUTPUT_QUALITY },
      safety: variables.RUNWARE_SAFETY === 'none' ? undefined : { checkContent: true, mode: variables.RUNWARE_SAFETY },
    },
    queueDeadlineMs: variables.QUEUE_DEADLINE_MINUTES * 60_000,
    renderDeadlineMs: variables.RENDER_DEADLINE_MINUTES * 60_000,
    stopGraceMs: variables.STOP_GRACE_SECONDS * 1000,
    logLevel: variables.LOG_LEVEL,
  }
}

/** Variables that are each well formed but do not go together. */
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
    problems.push('GATEWAY_SHARD_COUNT is only read beside a list in GATEWAY_SHARDS: name the shards of this process there, as in 0-3.')
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

/** Every variable the bot reads; the README's table and `.env.example` are checked against it. */
export const variableNames: readonly string[] = [
  'MODE',
  ...Object.keys(Variables.shape),
  ...Object.values(keyVariables),
  ...providerIds.flatMap((id) => [concurrencyVariable(id), createsVariable(id)]),
]

/** An empty value in a copied `.env.example` means "not set". */
function readVariable(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined
}

function concurrencyVariable(id: ProviderId): string {
  return `${id.toUpperCase()}_CONCURRENCY`
}

function createsVariable(id: ProviderId): string {
  return `${id.toUpperCase()}_CREATES_PER_MINUTE`
}
