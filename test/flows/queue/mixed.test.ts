import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { Member } from '../../../sandbox/discord/people/member.ts'
import { createSkippableClock, type SkippableClock } from '../../support/clocks/skippable-clock.ts'
import { freePort } from '../../support/network/free-ports.ts'
import { until } from '../../support/sandbox/clip-steps.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readAttempts, readDayWallet, readGenerations, sumOfLedger } from '../../support/store/store-reader.ts'

const requests = 200
const providers = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs']
const faults = ['busy', 'down', 'refused', 'moderated', 'failed', 'lost-answer', 'webhook-lost', 'webhook-twice', 'webhook-first']

/** A sequence of numbers from 0 to 1, the same in every run. */
function chances(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return state / 2 ** 32
  }
}

/** About half of the prompts make some provider misbehave: one provider alone, or every provider it comes to. */
function promptFor(index: number, chance: () => number): string {
  const fault = faults[Math.floor(chance() * faults.length)] ?? ''
  const provider = providers[Math.floor(chance() * providers.length)] ?? ''
  const kind = chance()
  // Few different prompts, so that each clip is rendered only once.
  const scene = `scene ${index % 2}`
  if (kind < 0.5) return scene
  return kind < 0.8 ? `${scene} sandbox:${fault}@${provider}` : `${scene} sandbox:${fault}`
}

/** Until it is over, skips the time in which the bot waits for a provider: between searches for a lost job, and before a blocked one is tried again. */
async function skipWaits(sandbox: TestSandbox, clock: SkippableClock, isOver: () => boolean): Promise<void> {
  const nothingRuns = () => readGenerations(sandbox).every(({ state }) => state !== 'rendering' && state !== 'delivering')
  while (!isOver()) {
    await until(() => isOver() || nothingRuns())
    const { sleeps } = clock
    clock.skip(30_000)
    // Until the bot has done something and waits again.
    await until(() => isOver() || clock.sleeps > sleeps)
  }
}

describe('200 mixed requests over all five providers with faults', () => {
  it('all reach an outcome, and the ledger equals the invoices to the micro-dollar', async () => {
    const clock = createSkippableClock(5)
    const sandbox = await testSandbox({
      providerSpeed: 400,
      clipHeight: 96,
      clock,
      publicPort: await freePort([]),
      environment: Object.fromEntries([
        ...providers.map((id) => [`${id.toUpperCase()}_CONCURRENCY`, '8']),
        ...providers.map((id) => [`${id.toUpperCase()}_CREATES_PER_MINUTE`, '6000']),
        ...['BUDGET_DAY_USD', 'BUDGET_MONTH_USD', 'GUILD_BUDGET_DAY_USD', 'GUILD_BUDGET_MONTH_USD'].map((name) => [name, '1000']),
      ]) as Record<string, string>,
    })
    const guilds = [0, 1, 2].map((index) => sandbox.discord.createGuild({ name: `guild ${index}` }))
    const members = guilds.flatMap((guild) => [0, 1, 2, 3].map((index): Member => guild.createMember({ name: `member ${index}` })))
    const chance = chances(20_261_120)
    const interactions: Interaction[] = []
    for (let index = 0; index < requests; index += 1) {
      const member = members[index % members.length]
      if (!member) throw new Error('there are members')
      const wanted = { prompt: promptFor(index, chance), duration: chance() < 0.8 ? 5 : 10 }
      const interaction = await member.run('film', wanted)
      // Accepted before the next: two hundred at once would test the queue of this process, not the bot.
      await interaction.acknowledged()
      interactions.push(interaction)
    }
    let open = interactions.length
    const ended = Promise.all(interactions.map((interaction) => outcomeCard(interaction).finally(() => (open -= 1))))
    await Promise.all([ended, skipWaits(sandbox, clock, () => open === 0)])
    await sandbox.stopBot()

    const generations = readGenerations(sandbox)
    expect(generations).toHaveLength(requests)
    const count = (state: string) => generations.filter((generation) => generation.state === state).length
    expect(count('done') + count('failed') + count('held')).toBe(requests)
    // Read at the end: a late webhook may have delivered a held clip.
    expect(interactions.filter((interaction) => interaction.currentReply()?.attachments.length === 1)).toHaveLength(count('done'))
    // The faults did happen, and most requests still got their clip.
    expect(count('failed')).toBeGreaterThan(5)
    expect(count('done')).toBeGreaterThan(requests / 2)

    // Every line of every invoice is a job that the ledger paid for, or one that is held because its create answer was lost.
    // No job that fails here is billed, but not every provider says so.
    const { spent, reserved, assumed } = await reconcile(sandbox)
    const known = new Set(readAttempts(sandbox).flatMap(({ operationId }) => operationId ?? []))
    const billed = sandbox.providers.all.flatMap(({ invoice }) => invoice.sheet().lines.filter(({ amountMicroUsd }) => amountMicroUsd > 0))
    const explained = billed.filter(({ jobId }) => known.has(jobId))
    expect(explained.reduce((sum, { amountMicroUsd }) => sum + amountMicroUsd, 0)).toBe(spent - assumed)
    expect(explained).toHaveLength(generations.filter(({ ledger }) => ledger.includes('capture')).length)
    expect(billed.length - explained.length).toBeLessThanOrEqual(count('held'))
    expect(reserved > 0).toBe(count('held') > 0)
    const spentByGuilds = guilds.map((guild) => readDayWallet(sandbox, guild.id).spent).reduce((sum, spentByGuild) => sum + spentByGuild, 0)
    // A clip that its provider no longer served was paid by the installation and refunded to the guild.
    expect(spentByGuilds + sumOfLedger(sandbox, 'refund')).toBe(spent - assumed)
    expect(sandbox.discord.responseProblems).toEqual([])
  })
})
