import { expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import type { Member } from '../../../sandbox/discord/people/member.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { testImage } from '../../support/media/test-image.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { countRows, readDayWallet, readGenerations } from '../../support/store/store-reader.ts'

interface Outcome {
  accepted: boolean
  /** The private text of a refusal. */
  refusal: string
}

const price = 350_000
const moneyForSeven = '2.50'
const moneyForTwenty = '7.05'
const environment = { PROVIDERS: 'fal', FAL_CONCURRENCY: '10', FAL_CREATES_PER_MINUTE: '1000' }

/** A card with its button is an acceptance; a deleted placeholder and a private message is a refusal. */
async function ask(member: Member): Promise<Outcome> {
  const interaction = await member.run('film', { prompt: 'a boat' })
  const accepted = interaction.reply((message) => message.buttons.length > 0).then((): Outcome => ({ accepted: true, refusal: '' }))
  const refused = interaction.replyDeleted().then(async (): Promise<Outcome> => {
    const followUp = await interaction.followUp()
    expect(followUp.ephemeral).toBe(true)
    return { accepted: false, refusal: followUp.text }
  })
  return Promise.race([accepted.catch(() => refused), refused])
}

/** Twenty at once: more would only test how long Discord may take to answer. */
async function askAll(members: readonly Member[]): Promise<Outcome[]> {
  const waiting = members.values()
  const outcomes: Outcome[] = []
  const askInTurn = async () => {
    for (const member of waiting) outcomes.push(await ask(member))
  }
  await Promise.all(Array.from({ length: 20 }, askInTurn))
  return outcomes
}

/** Waits until the accepted clips are posted, stops the bot, and expects the ledger to hold exactly them. */
async function expectPaid(sandbox: TestSandbox, count: number): Promise<void> {
  await Promise.all(sandbox.providers.fal.jobs.list().map(({ id }) => sandbox.providers.fal.jobs.reached('finished', id)))
  await sandbox.discord.request({ method: 'PATCH', when: () => posted(sandbox) === count })
  await sandbox.stopBot()
  expect(sandbox.providers.fal.requests.count('create')).toBe(count)
  expect(readGenerations(sandbox).map(({ state, ledger }) => `${state}: ${ledger}`)).toEqual(Array(count).fill('done: reserve capture'))
  expect(countRows(sandbox, 'ledger')).toBe(2 * count)
  expect(await reconcile(sandbox)).toMatchObject({ spent: count * price, invoiced: count * price, reserved: 0, equal: true })
}

function posted({ discord }: TestSandbox): number {
  return discord.requests.filter(({ files, status }) => files.length > 0 && status === 200).length
}

it('500 requests of 50 members against a budget for 20 clips: 20 are made, 480 are refused privately', async () => {
  const sandbox = await testSandbox({ environment: { ...environment, GUILD_BUDGET_DAY_USD: moneyForTwenty } })
  sandbox.providers.fal.jobs.hold('completion')
  const members = Array.from({ length: 50 }, (_, index) => sandbox.discord.guild.createMember({ name: `Member ${index + 1}` }))
  const outcomes = await askAll(Array.from({ length: 10 }, () => members).flat())

  expect(outcomes.filter(({ accepted }) => accepted)).toHaveLength(20)
  const refusals = new Set(outcomes.filter(({ accepted }) => !accepted).map(({ refusal }) => refusal.replace(/It resets.*/, '')))
  expect([...refusals]).toEqual(["This server's daily budget has $0.05 left; this clip costs $0.35. "])
  expect(sandbox.discord.guild.channel.messages()).toHaveLength(20)
  expect(countRows(sandbox, 'generations')).toBe(20)
  expect(readDayWallet(sandbox, sandbox.discord.guild.id)).toEqual({ reserved: 20 * price, spent: 0 })

  sandbox.providers.fal.jobs.release('completion')
  await expectPaid(sandbox, 20)
})

it('the installation’s budget holds across servers with budgets of their own', async () => {
  const sandbox = await testSandbox({ environment: { ...environment, BUDGET_DAY_USD: moneyForSeven } })
  const guilds = Array.from({ length: 20 }, (_, index) => sandbox.discord.createGuild({ name: `Server ${index + 1}` }))
  const members = guilds.flatMap((guild) => [guild.createMember({ name: 'One' }), guild.createMember({ name: 'Another' })])
  const outcomes = await askAll(members)

  expect(outcomes.filter(({ accepted }) => accepted)).toHaveLength(7)
  for (const { accepted, refusal } of outcomes) if (!accepted) expect(refusal).toMatch(/^The bot's daily budget has \$0\.05 left/)
  await expectPaid(sandbox, 7)
  const spentByGuilds = guilds.reduce((total, { id }) => total + readDayWallet(sandbox, id).spent, 0)
  expect(spentByGuilds).toBe(7 * price)
})

it('a refused request leaves no row and nothing at the provider', async () => {
  const sandbox = await testSandbox({ environment: { ...environment, BUDGET_MONTH_USD: '0.34' } })
  const image = { name: 'picture.png', bytes: await testImage() }
  const interaction = await sandbox.discord.member.run('animate', { image, prompt: 'it moves' })
  expect((await interaction.followUp()).text).toMatch(/^The bot's monthly budget has \$0\.34 left/)
  await sandbox.stopBot()
  // Its image is left to retention.
  for (const table of ['generations', 'attempts', 'ledger'] as const) expect(countRows(sandbox, table)).toBe(0)
  expect(sandbox.providers.fal.requests.list()).toEqual([])
  expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 0 })
})

it('released money can be spent again', async () => {
  const sandbox = await testSandbox({ environment: { ...environment, GUILD_BUDGET_DAY_USD: '0.35' } })
  sandbox.providers.fal.jobs.hold('completion')
  const first = await sandbox.discord.member.run('film', { prompt: 'a boat' })
  await sandbox.providers.fal.jobs.reached('running')
  expect(await ask(sandbox.discord.member)).toMatchObject({ accepted: false })
  await sandbox.discord.member.press(await first.reply((message) => message.buttons.length > 0), 'Cancel')
  expect((await outcomeCard(first)).text).toContain('**Cancelled**')
  sandbox.providers.fal.jobs.release('completion')
  await finishedCard(await sandbox.discord.member.run('film', { prompt: 'another boat' }))
  expect(await ask(sandbox.discord.member)).toMatchObject({ accepted: false })
  await sandbox.stopBot()
  expect(await reconcile(sandbox)).toMatchObject({ spent: price, invoiced: price, reserved: 0, equal: true })
})
