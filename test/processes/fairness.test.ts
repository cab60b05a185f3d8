import { expect, it } from 'vitest'

import type { Guild } from '../../sandbox/discord/people/guild.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import type { Member } from '../../sandbox/discord/people/member.ts'
import { isFinished, type Job } from '../../sandbox/providers/jobs/job.ts'
import type { Jobs } from '../../sandbox/providers/jobs/jobs.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../storage/stores.ts'
import { startBotProcess } from '../support/bot/bot-process.ts'
import { botSettingsFor } from '../support/bot/bot-settings.ts'
import { walletOf } from '../support/store/generations.ts'
import { finishedCard, testSandbox } from '../support/sandbox/sandbox.ts'
import { until } from '../support/sandbox/clip-steps.ts'

const cap = 3
const price = 350_000
const environment = {
  PROVIDERS: 'fal',
  FAL_CONCURRENCY: String(cap),
  FAL_CREATES_PER_MINUTE: '10000',
  BUDGET_DAY_USD: '1000',
  BUDGET_MONTH_USD: '1000',
  GUILD_BUDGET_DAY_USD: '1000',
  GUILD_BUDGET_MONTH_USD: '1000',
}

/** So many requests of each of a server's five members, who ask at once, each as soon as the last one is queued. */
async function askFor(each: number, guild: Guild, name: string): Promise<Interaction[]> {
  const members = [1, 2, 3, 4, 5].map((index) => guild.createMember({ name: `${name} ${index}` }))
  const asked: Interaction[] = []
  const askInTurn = async (member: Member) => {
    for (let count = 0; count < each; count += 1) {
      const interaction = await member.run('film', { prompt: `${name} boat` })
      await interaction.reply(({ buttons }) => buttons.length > 0)
      asked.push(interaction)
    }
  }
  await Promise.all(members.map(askInTurn))
  return asked
}

/** Lets the jobs that the provider has now complete, and no other. */
async function completeRunning(jobs: Jobs): Promise<void> {
  for (const job of jobs.list()) {
    await until(() => {
      // Passes over a job that has not come so far.
      jobs.release('completion', job.id)
      return isFinished(job)
    })
  }
}

function runningAt(jobs: readonly Job[], moment: number): number {
  return jobs.filter(({ createdAt, finishedAt = Infinity }) => createdAt <= moment && moment < finishedAt).length
}

it.skipIf(!hasPostgres)(
  'four workers keep a provider’s cap over 200 clips, and two quiet servers do not wait for a loud one that came first',
  async () => {
    const url = await temporaryPostgres()
    const sandbox = await testSandbox({ environment: { ...environment, DATABASE_URL: url, ROLE: 'gateway' }, providerSpeed: 2000 })
    const asked: Interaction[] = []
    for (const [name, each] of Object.entries({ loud: 36, quiet: 2, shy: 2 }))
      asked.push(...(await askFor(each, sandbox.discord.createGuild({ name }), name)))

    const settings = botSettingsFor(sandbox, { environment: { ...environment, DATABASE_URL: url, ROLE: 'worker' } })
    const typicalRunMs = { 5: 160_000 / 2000, 10: 250_000 / 2000 }
    const { jobs: atProvider } = sandbox.providers.fal
    atProvider.hold('completion')
    await Promise.all([1, 2, 3, 4].map(() => startBotProcess({ ...settings, typicalRunMs })))
    // In step, or a server whose job takes long would be overtaken, rightly.
    for (let created = cap; created < 3 * 10; created += cap) {
      await until(() => atProvider.list().length === created)
      await completeRunning(atProvider)
    }
    await until(() => atProvider.list().length === 3 * 10)
    atProvider.release('completion')
    await Promise.all(asked.map(finishedCard))

    const jobs = atProvider.list()
    expect(jobs).toHaveLength(200)
    expect(Math.max(...jobs.map(({ createdAt }) => runningAt(jobs, createdAt)))).toBe(cap)
    const prompts = jobs.slice(0, 3 * 10).map(({ order }) => order.prompt)
    for (const name of ['loud', 'quiet', 'shy']) expect(prompts.filter((prompt) => prompt.startsWith(name))).toHaveLength(10)
    const database = await openPlace({ url })
    await expect.poll(() => walletOf(database, 'installation', 'day')).toEqual({ reserved: 0, spent: 200 * price })
  },
  600_000,
)
