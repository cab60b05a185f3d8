import { onTestFinished } from 'vitest'

import type { OptionValues } from '../../sandbox/discord/people/options.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import type { ProviderId } from '../../src/domain/provider-id.ts'
import { createClock } from '../../src/lib/clock.ts'
import { type BotSettings, startBot } from '../../src/main.ts'
import { type BotProcess, startBotProcess } from '../support/bot-process.ts'
import { botSettingsFor } from '../support/bot-settings.ts'
import { freePort } from '../support/free-ports.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

export interface StageOptions {
  provider?: ProviderId
  /** Can the provider reach the bot by webhooks? */
  reachable?: boolean
}

/** A sandbox whose bot is a process that can be killed at a chosen moment, and then started again over the same store. */
export interface Stage {
  readonly sandbox: TestSandbox
  readonly provider: ProviderId
  /** Starts the bot that will be killed; `origins` are other ways to some places. */
  start(origins?: Partial<NonNullable<BotSettings['origins']>>): Promise<BotProcess>
  film(options?: OptionValues): Promise<Interaction>
  /** Starts the bot over what the killed one left, so much later by its own clock and by Discord's. */
  restart(laterMs?: number): Promise<void>
  /** Resolves once the bot that was started again has logged these words, past or future. */
  logged(words: string): Promise<void>
  /** Ends the bot cleanly, so that everything is written down. */
  stop(): Promise<void>
}

export async function setStage({ provider = 'fal', reachable = false }: StageOptions = {}): Promise<Stage> {
  const environment = {
    PROVIDERS: provider,
    [`${provider.toUpperCase()}_CONCURRENCY`]: '1',
    [`${provider.toUpperCase()}_CREATES_PER_MINUTE`]: '1000',
  }
  const sandbox = await testSandbox({ environment, ...(reachable && { publicPort: await freePort([]) }) })
  await sandbox.stopBot()
  const { providers, publicUrl } = sandbox
  const settings = botSettingsFor(sandbox, {
    environment: {
      ...environment,
      [`${provider.toUpperCase()}_${provider === 'replicate' ? 'API_TOKEN' : provider === 'fal' ? 'KEY' : 'API_KEY'}`]:
        providers[provider].apiKey,
      ...(publicUrl !== undefined && { PUBLIC_URL: publicUrl, PORT: new URL(publicUrl).port }),
      LOG_LEVEL: 'info',
    },
  })
  // As long as clips take at these providers.
  const typicalRunMs = { 5: 800, 10: 1250 }
  let log = ''
  const waiting = new Set<() => void>()
  let bot: { stop(): Promise<void> } | undefined
  const stop = async () => {
    await bot?.stop()
    bot = undefined
  }
  onTestFinished(stop)
  return {
    sandbox,
    provider,
    start: (origins) => startBotProcess({ ...settings, typicalRunMs, origins: { ...settings.origins, ...origins } }),
    film: (options = {}) => sandbox.discord.member.run('film', { prompt: 'a boat', ...options }),
    restart: async (laterMs = 0) => {
      sandbox.discord.clock.advance(laterMs)
      const wall = createClock()
      bot = await startBot({
        ...settings,
        typicalRunMs,
        clock: { now: () => wall.now() + laterMs, sleep: (milliseconds, options) => wall.sleep(milliseconds, options) },
        logDestination: {
          write: (line) => {
            log += line
            for (const look of [...waiting]) look()
          },
        },
      })
    },
    logged: (words) =>
      new Promise((resolve) => {
        const look = () => {
          if (!log.includes(words)) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      }),
    stop,
  }
}
