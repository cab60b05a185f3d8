import { startStandIns } from '../../sandbox/providers/stand-ins.ts'
import { createClock } from '../../src/lib/clock.ts'
import { startBot } from '../../src/main.ts'
import { mp4 } from '../../test/support/media/mp4.ts'
import { freePort } from '../../test/support/network/free-ports.ts'
import { startCommunity } from '../bot/members.ts'
import { temporaryFolder } from '../shared/stores.ts'
import { downloadsOf, readWaiting, type Waiting } from './waiting.ts'

export interface WaitOptions {
  /** How much faster than real time the bot's, the providers' and the vendors' clocks run. */
  speed: number
  /** At each provider at the same time. */
  clips: number
}

/** How the bot waits for each provider, with its own clock as fast as theirs; by webhook if the providers can reach it. */
export async function measureOurs(
  { speed, clips }: WaitOptions,
  reachable: boolean,
  cleanup: AsyncDisposableStack,
): Promise<Map<string, Waiting>> {
  const { discord, members } = await startCommunity({ guilds: 1, membersPerGuild: 1 }, cleanup)
  const standIns = cleanup.adopt(await startStandIns({ clips: { render: () => Promise.resolve(mp4()) }, speed, unlimited: true }), (each) =>
    each.stop(),
  )
  const port = await freePort([])
  const ids = standIns.all.map(({ id }) => id.toUpperCase())
  const budgets = ['BUDGET_DAY_USD', 'BUDGET_MONTH_USD', 'GUILD_BUDGET_DAY_USD', 'GUILD_BUDGET_MONTH_USD']
  const bot = await startBot({
    environment: {
      ...{ DISCORD_TOKEN: discord.botToken, ALLOWED_GUILDS: '*', DATA_DIR: await temporaryFolder(cleanup), LOG_LEVEL: 'error' },
      ...(reachable && { PUBLIC_URL: `http://127.0.0.1:${port}`, PORT: String(port) }),
      ...Object.fromEntries(standIns.all.map(({ keyVariable, apiKey }) => [keyVariable, apiKey])),
      ...Object.fromEntries([...budgets, 'MEMBER_REQUESTS_PER_MINUTE', 'GUILD_REQUESTS_PER_MINUTE'].map((name) => [name, '1000'])),
      ...Object.fromEntries(ids.flatMap((id) => [`${id}_CONCURRENCY`, `${id}_CREATES_PER_MINUTE`].map((name) => [name, '1000']))),
    },
    origins: {
      ...{ discordApi: discord.apiUrl, discordMedia: [discord.cdnOrigin], allowPrivateAddresses: true },
      providers: Object.fromEntries(standIns.all.map(({ id, origins }) => [id, origins])),
    },
    clock: createClock(speed),
    // The log is no measurement.
    logDestination: process.stderr,
  })
  cleanup.defer(() => bot.stop())
  const waiting = standIns.all.map(async (standIn) => {
    for (let clip = 0; clip < clips; clip += 1) await members[0]?.run('film', { prompt: 'a paper boat', provider: standIn.id })
    const lag = reachable || standIn.id === 'fal' ? 'real' : 'providers'
    return [standIn.id, readWaiting(standIn, await downloadsOf(standIn, clips, standIns.clock), { speed, lag })] as const
  })
  return new Map(await Promise.all(waiting))
}
