import { onTestFinished } from 'vitest'

import type { OptionValues } from '../../../sandbox/discord/people/options.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { StandIns } from '../../../sandbox/providers/stand-ins.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { startBot } from '../../../src/main.ts'
import { type BotProcess, startBotProcess } from '../../support/bot/bot-process.ts'
import { botSettingsFor } from '../../support/bot/bot-settings.ts'
import { freePort } from '../../support/network/free-ports.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'

type ProviderName = Exclude<keyof StandIns, 'all' | 'clock' | 'stop'>

export interface StageOptions {
  provider?: ProviderName
  /** Can the provider send webhooks to the bot? */
  reachable?: boolean
}

/** A sandbox with a bot process that is killed at a chosen moment, then restarted over the same store. */
export interface Stage {
  readonly sandbox: TestSandbox
  readonly provider: ProviderName
  /** Starts the bot that will be killed; `origins` replaces some origins of the providers. */
  start(origins?: Record<string, Record<string, string>>): Promise<BotProcess>
  film(options?: OptionValues): Promise<Interaction>
  /** Restarts the bot over the same store, this much later by its own clock and Discord's. */
  restart(laterMs?: number): Promise<void>
  /** Resolves once the restarted bot has logged these words; immediately if it already has. */
  logged(words: string): Promise<void>
  /** Stops the bot cleanly. */
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
  // How long clips take at the stand-ins.
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
    start: (origins = {}) => {
      const providers: Record<string, Record<string, string>> = { ...settings.origins.providers }
      for (const [id, others] of Object.entries(origins)) providers[id] = { ...providers[id], ...others }
      return startBotProcess({ ...settings, typicalRunMs, origins: { ...settings.origins, providers } })
    },
    film: (options = {}) => sandbox.discord.member.run('film', { prompt: 'a boat', ...options }),
    restart: async (laterMs = 0) => {
      sandbox.discord.clock.advance(laterMs)
      const realTime = createClock()
      bot = await startBot({
        ...settings,
        typicalRunMs,
        clock: { now: () => realTime.now() + laterMs, sleep: (milliseconds, options) => realTime.sleep(milliseconds, options) },
        logDestination: {
          write: (line) => {
            log += line
            for (const check of [...waiting]) check()
          },
        },
      })
    },
    logged: (words) =>
      new Promise((resolve) => {
        const check = () => {
          if (!log.includes(words)) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      }),
    stop,
  }
}
