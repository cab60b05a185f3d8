import { describe, expect, it } from 'vitest'

import { chooseMode as chooseModeOf, ConfigError, liveOrigins, readConfig as readConfigOf } from '../src/config/config.ts'
import type { Environment } from '../src/config/environment.ts'
import { providerDescriptors } from '../src/providers/registry.ts'

const token = 'a'.repeat(30)
const complete = { DISCORD_TOKEN: token, FAL_KEY: 'key-of-fal' }

const chooseMode = (environment: Environment) => chooseModeOf(environment, providerDescriptors)
const readConfig = (environment: Environment) => readConfigOf(environment, providerDescriptors)

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    readConfig(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

describe('chooseMode', () => {
  it('starts the sandbox where nothing is set, and where values are empty', () => {
    expect(chooseMode({})).toBe('sandbox')
    expect(chooseMode({ DISCORD_TOKEN: '', FAL_KEY: '  ' })).toBe('sandbox')
  })

  it.each(['DISCORD_TOKEN', ...providerDescriptors.map(({ keyVariable }) => keyVariable), 'DATABASE_URL', 'ROLE'])(
    'goes live as soon as %s is set',
    (name) => {
      expect(chooseMode({ [name]: 'x' })).toBe('live')
    },
  )

  it('lets MODE decide, and refuses another word', () => {
    expect(chooseMode({ ...complete, MODE: 'sandbox' })).toBe('sandbox')
    expect(chooseMode({ MODE: 'live' })).toBe('live')
    expect(() => chooseMode({ MODE: 'production' })).toThrow(ConfigError)
  })
})

describe('readConfig', () => {
  it('takes a token and a key, with defaults for the rest', () => {
    const config = readConfig(complete)
    expect(config.providers).toEqual([{ id: 'fal', apiKey: 'key-of-fal', concurrency: 2, createsPerMinute: 60, options: {} }])
    expect(config.installationBudgets).toEqual({ day: 20_000_000, month: 200_000_000 })
    expect(config.guildBudgets).toEqual({ day: 5_000_000, month: 50_000_000 })
    expect(config.allowedGuilds).toEqual(new Set())
  })

  it('names a missing key and a missing token, each with what it is for', () => {
    expect(problemsOf({ DISCORD_TOKEN: token })).toEqual([expect.stringMatching(/^No provider key is set.*FAL_KEY, REPLICATE_API_TOKEN/)])
    expect(problemsOf({ FAL_KEY: 'x' })).toEqual([expect.stringMatching(/^DISCORD_TOKEN is missing/)])
    expect(problemsOf({})).toHaveLength(2)
  })

  it('reads the order of providers, and refuses one without a key or without a name', () => {
    const both = { ...complete, REPLICATE_API_TOKEN: 'r8_x' }
    expect(readConfig(both).providers.map(({ id }) => id)).toEqual(['fal', 'replicate'])
    expect(readConfig({ ...both, PROVIDERS: 'replicate, fal' }).providers.map(({ id }) => id)).toEqual(['replicate', 'fal'])
    expect(problemsOf({ ...complete, PROVIDERS: 'replicate' })).toEqual([expect.stringContaining('REPLICATE_API_TOKEN is not set')])
    expect(problemsOf({ ...complete, PROVIDERS: 'nobody' })).toEqual([expect.stringContaining('PROVIDERS is a list of fal, replicate')])
  })

  it('knows every provider by its key, with what an account there can bear', () => {
    const keys = { FAL_KEY: 'a', REPLICATE_API_TOKEN: 'b', WAVESPEED_API_KEY: 'c', RUNWARE_API_KEY: 'd', EACHLABS_API_KEY: 'e' }
    expect(
      readConfig({ DISCORD_TOKEN: token, ...keys, EACHLABS_CONCURRENCY: '7', WAVESPEED_CREATES_PER_MINUTE: '60' }).providers,
    ).toMatchObject([
      { id: 'fal', apiKey: 'a', concurrency: 2, createsPerMinute: 60 },
      { id: 'replicate', apiKey: 'b', concurrency: 4, createsPerMinute: 60 },
      { id: 'wavespeed', apiKey: 'c', concurrency: 3, createsPerMinute: 60 },
      { id: 'runware', apiKey: 'd', concurrency: 4, createsPerMinute: 60 },
      { id: 'eachlabs', apiKey: 'e', concurrency: 7, createsPerMinute: 60 },
    ])
    expect(readConfig({ DISCORD_TOKEN: token, WAVESPEED_API_KEY: 'c' }).providers[0]?.createsPerMinute).toBe(5)
    const { discordApi, discordMedia, allowPrivateAddresses } = liveOrigins
    expect(allowPrivateAddresses).toBe(false)
    for (const url of [discordApi, ...discordMedia, ...providerDescriptors.flatMap(({ origins }) => Object.values(origins))]) {
      expect(url).toMatch(/^https:\/\/[a-z.]+(\/api)?$/)
    }
  })

  it('reads the variables that only one provider has', () => {
    const withRunware = { DISCORD_TOKEN: token, RUNWARE_API_KEY: 'd' }
    const optionsOf = (environment: Record<string, string>) => readConfig(environment).providers[0]?.options
    expect(optionsOf(withRunware)).toEqual({ RUNWARE_OUTPUT_QUALITY: 95, RUNWARE_SAFETY: 'none' })
    expect(optionsOf({ ...withRunware, RUNWARE_OUTPUT_QUALITY: '60', RUNWARE_SAFETY: 'fast', RUNWARE_SAFETY_USD: '0.02' })).toEqual({
      ...{ RUNWARE_OUTPUT_QUALITY: 60, RUNWARE_SAFETY: 'fast', RUNWARE_SAFETY_USD: 20_000 },
    })
    expect(problemsOf({ ...withRunware, RUNWARE_SAFETY: 'fast' })).toEqual([
      expect.stringContaining('RUNWARE_SAFETY is billed by Runware for each clip: enter the price in RUNWARE_SAFETY_USD'),
    ])
  })

  it('takes * for every server only where it is written out', () => {
    expect(readConfig({ ...complete, ALLOWED_GUILDS: '*' }).allowedGuilds).toBe('*')
    expect(readConfig({ ...complete, ALLOWED_GUILDS: '123456789012345678, 223456789012345678' }).allowedGuilds).toEqual(
      new Set(['123456789012345678', '223456789012345678']),
    )
    expect(problemsOf({ ...complete, ALLOWED_GUILDS: 'my server' })).toEqual([
      expect.stringContaining('ALLOWED_GUILDS is a list of server ids'),
    ])
  })

  it.each([
    ['BUDGET_DAY_USD', 'twenty'],
    ['BUDGET_DAY_USD', '-1'],
    ['GUILD_BUDGET_MONTH_USD', '1e3'],
    ['MEMBER_REQUESTS_PER_MINUTE', '-7'],
    ['FAL_CONCURRENCY', 'many'],
    ['RUNWARE_CONCURRENCY', 'many'],
    ['RUNWARE_OUTPUT_QUALITY', '100'],
    ['RUNWARE_SAFETY', 'maybe'],
    ['LOG_LEVEL', 'loud'],
    ['DATABASE_URL', 'mysql://somewhere/rushes'],
    ['DATABASE_URL', 'sqlite::memory:'],
    ['DATABASE_URL', 'sqlite://rushes.db'],
    ['DATABASE_URL', 'postgres://some where:x/rushes'],
    ['ROLE', 'boss'],
    ['GATEWAY_SHARDS', 'every'],
    ['GATEWAY_SHARDS', '3-1'],
    ['GATEWAY_SHARDS', '3-1,5'],
    ['GATEWAY_SHARDS', '0-2,2'],
    ['GATEWAY_SHARD_COUNT', 'none'],
    ['DISCORD_TOKEN', 'short'],
  ])('refuses %s=%s by name and never repeats the value', (name, value) => {
    const problems = problemsOf({ ...complete, RUNWARE_API_KEY: 'd', [name]: value })
    expect(problems).toEqual([expect.stringContaining(name)])
    expect(problems.join()).not.toContain(value)
  })

  it.each([
    ['FAL_CONCURENCY', 'FAL_CONCURRENCY'],
    ['BUDGET_DAY', undefined],
    ['BUGDET_DAY_USD', 'BUDGET_DAY_USD'],
    ['allowed_guilds', 'ALLOWED_GUILDS'],
    ['DATABASE-URL', 'DATABASE_URL'],
    ['DATADIR', 'DATA_DIR'],
    ['PATH', undefined],
    ['MODES', undefined],
    ['SANDBOX_PORT', undefined],
    ['RUNWARE_API_KEYS', 'RUNWARE_API_KEY'],
  ])('names %s, which is not read, beside the variable that is probably meant: %s', (name, meant) => {
    const { warnings } = readConfig({ ...complete, [name]: 'a-value' })
    expect(warnings).toEqual(meant === undefined ? [] : [`${name} is set, but no such variable is read: ${meant} is probably meant.`])
    expect(readConfig({ ...complete, [name]: '' }).warnings).toEqual([])
  })

  it('names a misspelt variable beside the one that is missing', () => {
    expect(problemsOf({ DISCORD_TOKNE: token, FAL_KEY: 'x' })).toEqual([
      expect.stringMatching(/^DISCORD_TOKEN is missing/),
      'DISCORD_TOKNE is set, but no such variable is read: DISCORD_TOKEN is probably meant.',
    ])
  })

  it("names a day's budget above the month's", () => {
    expect(readConfig({ ...complete, BUDGET_DAY_USD: '300', GUILD_BUDGET_MONTH_USD: '4.50' }).warnings).toEqual([
      'BUDGET_DAY_USD ($300.00) is more than BUDGET_MONTH_USD ($200.00), which ends first: lower one or raise the other.',
      'GUILD_BUDGET_DAY_USD ($5.00) is more than GUILD_BUDGET_MONTH_USD ($4.50), which ends first: lower one or raise the other.',
    ])
    expect(readConfig({ ...complete, BUDGET_DAY_USD: '200' }).warnings).toEqual([])
  })

  it('keeps its store in DATA_DIR unless DATABASE_URL names a server or another file', () => {
    expect(readConfig(complete).store).toEqual({ file: './data/rushes.db' })
    expect(readConfig({ ...complete, DATABASE_URL: 'sqlite:', DATA_DIR: '/srv' }).store).toEqual({ file: '/srv/rushes.db' })
    expect(readConfig({ ...complete, DATABASE_URL: 'sqlite:./here.db' }).store).toEqual({ file: './here.db' })
    for (const url of ['postgres://bot:secret@db/rushes', 'postgresql://db/rushes'])
      expect(readConfig({ ...complete, DATABASE_URL: url }).store).toEqual({ url })
  })

  it.each(['gateway', 'worker'])('lets a process be a %s only where others can share its store', (role) => {
    expect(readConfig({ ...complete, ROLE: role, DATABASE_URL: 'postgres://db/rushes' }).role).toBe(role)
    expect(problemsOf({ ...complete, ROLE: role })).toEqual([
      expect.stringMatching(`^ROLE is ${role}, but an SQLite file belongs to one process`),
    ])
  })

  it('reads which shards of how many this process serves', () => {
    expect(readConfig(complete).shards).toBe('auto')
    expect(readConfig({ ...complete, GATEWAY_SHARDS: '0-3, 5', GATEWAY_SHARD_COUNT: '8' }).shards).toEqual({
      ids: [0, 1, 2, 3, 5],
      count: 8,
    })
    expect(problemsOf({ ...complete, GATEWAY_SHARDS: '0' })).toEqual([expect.stringMatching(/^GATEWAY_SHARD_COUNT is missing/)])
    expect(problemsOf({ ...complete, GATEWAY_SHARD_COUNT: '2' })).toEqual([
      expect.stringMatching(/^GATEWAY_SHARD_COUNT is only read together/),
    ])
    expect(problemsOf({ ...complete, GATEWAY_SHARDS: '0-2', GATEWAY_SHARD_COUNT: '2' })).toEqual([
      expect.stringMatching(/^GATEWAY_SHARDS names a shard that does not exist.*0 to 1/),
    ])
  })
})
