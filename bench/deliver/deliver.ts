import { setTimeout as wait } from 'node:timers/promises'

import { z } from 'zod'

import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import { freePort } from '../../test/support/network/free-ports.ts'
import { startBareBot } from '../bare/start-bare-bot.ts'
import { type Community, startCommunity } from '../bot/members.ts'
import { type Providers, startProviders } from '../bot/providers.ts'
import { startBot } from '../bot/start-bot.ts'
import type { BenchContext } from '../shared/bench.ts'
import { median } from '../shared/median.ts'
import { temporaryFolder } from '../shared/stores.ts'

const sizes = [
  { megabytes: 9, ratio: 1.15 },
  { megabytes: 1, ratio: 1.3 },
]
/** By then a bot has stored the provider's handle and waits for the webhook. */
const watchingAfterMs = 300

/** Makes one clip of the current size and returns the milliseconds from its completion until it is visible. */
type MakeClip = (bytes: number) => Promise<number>

/** From the provider's completion until the clip is visible, compared with a bare download and upload. The first word is the number of clips of each size. */
export async function benchDeliver(context: BenchContext): Promise<void> {
  const { words, cleanup } = context
  const clips = Number(words[0] ?? 11)
  const providers = await startProviders({ speed: 20, clipBytes: 1e6 }, cleanup)
  const makers = { bare: await startBare(providers, cleanup), bot: await startRushes(providers, cleanup) }
  for (const { megabytes, ratio } of sizes) {
    const bytes = megabytes * 1e6
    await providers.child.ask('setClipBytes', bytes, z.unknown())
    const times: Record<keyof typeof makers, number[]> = { bare: [], bot: [] }
    // In turn, so that a busy moment of the machine meets both. The first one of each opens connections and fetches keys.
    for (let clip = 0; clip <= clips; clip += 1) {
      for (const name of ['bare', 'bot'] as const) {
        const milliseconds = await makers[name](bytes)
        if (clip > 0) times[name].push(milliseconds)
      }
    }
    context.report({
      ...{ case: `${megabytes} MB: completed to visible`, unit: 'ms', target: { of: 'ratio', atMost: ratio } },
      ...{ value: median(times.bot), baseline: median(times.bare) },
    })
  }
}

async function startRushes(providers: Providers, cleanup: AsyncDisposableStack): Promise<MakeClip> {
  const community = await startCommunity({ guilds: 1, membersPerGuild: 1 }, cleanup)
  const port = await freePort([])
  const environment = { PUBLIC_URL: `http://127.0.0.1:${port}`, PORT: String(port), PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }
  await startBot({ discord: community.discord, providers, folder: await temporaryFolder(cleanup), environment, cleanup })
  return async (bytes) => {
    const ordered = providers.child.ask('nextFalJob', undefined, z.string())
    const interaction = await film(community)
    return finish(await ordered, { providers, interaction, bytes })
  }
}

async function startBare(providers: Providers, cleanup: AsyncDisposableStack): Promise<MakeClip> {
  const community = await startCommunity({ guilds: 1, membersPerGuild: 1 }, cleanup)
  const { child } = await startBareBot(community.discord, cleanup, './posting-bot.ts')
  const webhookUrl = `http://127.0.0.1:${await child.ask('port', undefined, z.number())}/`
  return async (bytes) => {
    const interaction = await film(community)
    const ordered = providers.child.ask('nextFalJob', undefined, z.string())
    await providers.child.ask('orderFromFal', webhookUrl, z.unknown())
    return finish(await ordered, { providers, interaction, bytes })
  }
}

async function film({ members }: Community): Promise<Interaction> {
  const interaction = await members[0]?.run('film', { prompt: 'a paper boat on a rainy street' })
  if (!interaction) throw new Error('there is no member')
  await interaction.acknowledged()
  return interaction
}

async function finish(
  jobId: string,
  { providers, interaction, bytes }: { providers: Providers; interaction: Interaction; bytes: number },
): Promise<number> {
  await wait(watchingAfterMs)
  const visible = interaction
    .reply(({ attachments }) => attachments.some(({ size }) => size === bytes))
    .then(() => Number(process.hrtime.bigint()) / 1e6)
  const finishedAt = await providers.child.ask('finishFalJob', jobId, z.number())
  return (await visible) - finishedAt
}
