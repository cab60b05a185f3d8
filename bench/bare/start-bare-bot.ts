import { z } from 'zod'

import type { LocalDiscord } from '../../sandbox/discord/local-discord.ts'
import { type Child, startChild } from '../shared/child.ts'

export interface BareBot {
  /** How long it took from its start until it could take commands, in milliseconds. */
  readonly startMs: number
  readonly child: Child
}

/** A bot of discord.js alone in a process of its own. Resolves once it is signed in; killed when `cleanup` is disposed of. */
export async function startBareBot(
  { apiUrl, botToken }: Pick<LocalDiscord, 'apiUrl' | 'botToken'>,
  cleanup: AsyncDisposableStack,
  module = './bare-bot.ts',
): Promise<BareBot> {
  const startedAt = performance.now()
  const child = startChild(new URL(module, import.meta.url), {
    cleanup,
    environment: { BENCH_DISCORD_API: apiUrl, DISCORD_TOKEN: botToken },
  })
  await child.ask('ready', undefined, z.undefined())
  return { startMs: performance.now() - startedAt, child }
}
