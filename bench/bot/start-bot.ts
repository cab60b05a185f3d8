import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { z } from 'zod'

import type { LocalDiscord } from '../../sandbox/discord/local-discord.ts'
import type { Origins } from '../../src/config/config.ts'
import { type Child, startChild } from '../shared/child.ts'
import type { Providers } from './providers.ts'

export interface BotOptions {
  discord: Pick<LocalDiscord, 'apiUrl' | 'botToken' | 'cdnOrigin'>
  providers: Pick<Providers, 'keys' | 'origins'>
  /** Holds its database. */
  folder: string
  /** Variables as in `.env.example`. */
  environment?: Readonly<Record<string, string>>
  /** For Node. */
  execArgv?: readonly string[]
  cleanup: AsyncDisposableStack
}

export interface BotProcess {
  /** How long it took from its start until it could take commands, in milliseconds. */
  readonly startMs: number
  readonly child: Child
  /** Everything that it has printed. */
  output(): string
}

const Package = z.object({ scripts: z.object({ start: z.string() }) })

const [probe, localOrigins] = ['./probe.ts', '../../test/support/bot/local-origins.ts'].map((path) => new URL(path, import.meta.url).href)

/** What `npm start` gives Node. */
const startFlags = Package.parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')))
  .scripts.start.split(' ')
  .filter((word) => word.startsWith('--'))

/** What no bench is about is never the limit. */
const unlimited = {
  ...{ BUDGET_DAY_USD: '9000000', BUDGET_MONTH_USD: '9000000', GUILD_BUDGET_DAY_USD: '9000000', GUILD_BUDGET_MONTH_USD: '9000000' },
  ...{ MEMBER_REQUESTS_PER_MINUTE: '1000', GUILD_REQUESTS_PER_MINUTE: '10000' },
}

/** The bot in a process of its own, as `npm start` runs it. Resolves once it can take commands; killed when `cleanup` is disposed of. */
export async function startBot({ discord, providers, folder, environment, execArgv = [], cleanup }: BotOptions): Promise<BotProcess> {
  const origins: Origins = {
    discordApi: discord.apiUrl,
    discordMedia: [discord.cdnOrigin],
    providers: providers.origins,
    allowPrivateAddresses: true,
  }
  const output: string[] = []
  const running = Promise.withResolvers<undefined>()
  const startedAt = performance.now()
  const child = startChild(new URL('../../start.mjs', import.meta.url), {
    cleanup,
    execArgv: [...startFlags, ...execArgv, '--import', probe ?? '', '--import', localOrigins ?? ''],
    environment: {
      // The developer's own settings stay out.
      // The bot's own, given to Node itself, so that it also serves the modules of the measurement: they must not weigh more than in a bot without them.
      NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/compile', import.meta.url)),
      ...{ DATABASE_URL: '', ROLE: '', PROVIDERS: '', PUBLIC_URL: '', LOG_LEVEL: '' },
      ...unlimited,
      ...{ TEST_ORIGINS: JSON.stringify(origins), DISCORD_TOKEN: discord.botToken, ALLOWED_GUILDS: '*', DATA_DIR: folder },
      ...providers.keys,
      ...environment,
    },
    onOutput: (text) => {
      output.push(text)
      if (text.includes('Rushes is running')) running.resolve(undefined)
    },
  })
  const exited = child.ask('untilExit', undefined, z.never()).catch(() => {
    throw new Error(`the bot ended: ${output.join('')}`)
  })
  await Promise.race([running.promise, exited])
  const startMs = performance.now() - startedAt
  exited.catch(() => undefined)
  return { startMs, child, output: () => output.join('') }
}
