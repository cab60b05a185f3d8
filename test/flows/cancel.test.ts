import { describe, expect, it, onTestFinished } from 'vitest'

import { compareBooks } from '../../sandbox/reconciliation.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import { createClock } from '../../src/lib/clock.ts'
import { startBot } from '../../src/main.ts'
import { botSettingsFor } from '../support/bot-settings.ts'
import { openGate } from '../support/gate.ts'
import { lastWord } from '../support/last-word.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { readGeneration } from '../support/store-reader.ts'

const hostIds = ['fal', 'replicate'] as const
type HostId = (typeof hostIds)[number]

/** One job at a time, and the bot looks at Replicate ten times as often as by the wall. */
function sandboxFor(id: HostId): Promise<TestSandbox> {
  return testSandbox({ environment: { PROVIDERS: id, [`${id.toUpperCase()}_CONCURRENCY`]: '1' }, clock: createClock(10) })
}

/** A clip that the host has begun and will not finish before it is let. */
async function renderingClip(sandbox: TestSandbox, id: HostId): Promise<Interaction> {
  sandbox.hosts[id].jobs.hold('completion')
  const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
  await sandbox.hosts[id].jobs.reached('running')
  await cardSaying(interaction, /Making the clip/)
  return interaction
}

function cardSaying(interaction: Interaction, words: RegExp) {
  return interaction.reply((message) => words.test(message.text) && message.buttons.length > 0)
}

async function pressCancel({ discord }: TestSandbox, interaction: Interaction, member = discord.member): Promise<Interaction> {
  return member.press(await interaction.reply(), 'Cancel')
}

describe.each(hostIds)('on %s', (id) => {
  it('in line: everything is set free and the host never hears of it', async () => {
    const sandbox = await sandboxFor(id)
    const first = await renderingClip(sandbox, id)
    const second = await sandbox.discord.member.run('film', { prompt: 'a second boat' })
    await cardSaying(second, /In line/)
    await pressCancel(sandbox, second)
    expect((await lastWord(second)).text).toContain('**Cancelled**\nNothing was charged.')

    sandbox.hosts[id].jobs.release('completion')
    await finishedCard(first)
    await sandbox.stopBot()
    expect(sandbox.hosts[id].requests.count('create')).toBe(1)
    expect(readGeneration(sandbox, second)).toMatchObject({ state: 'cancelled', attempts: 0, ledger: 'reserve release' })
    expect(await compareBooks(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })

  it('while it is made, at a host that cannot stop: the clip is posted and paid', async () => {
    const sandbox = await sandboxFor(id)
    sandbox.hosts[id].conduct.onCancel = 'cannot'
    const interaction = await renderingClip(sandbox, id)
    await pressCancel(sandbox, interaction)
    await sandbox.hosts[id].requests.reached('cancel')
    await interaction.reply((message) => message.text.includes('Cancelling…') && message.buttons.length === 0)
    sandbox.hosts[id].jobs.release('completion')
    await expectPostedAndPaid(sandbox, interaction)
  })

  it('while it is made, at a host that is done in that moment: the clip is posted and paid', async () => {
    const sandbox = await sandboxFor(id)
    sandbox.hosts[id].conduct.onCancel = 'completes-anyway'
    const interaction = await renderingClip(sandbox, id)
    await pressCancel(sandbox, interaction)
    await expectPostedAndPaid(sandbox, interaction)
  })
})

async function expectPostedAndPaid(sandbox: TestSandbox, interaction: Interaction): Promise<void> {
  expect((await lastWord(interaction)).attachments).toHaveLength(1)
  await sandbox.stopBot()
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', attempts: 1, ledger: 'reserve capture' })
  expect(await compareBooks(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, reserved: 0, equal: true })
}

describe('fal, which says what it billed for a job that it stopped', () => {
  it.each([
    [false, 'Nothing was charged.', 'reserve release', 0],
    [true, '$0.35 was charged, because the host had billed it.', 'reserve capture', 350_000],
  ])('billed: %s', async (billed, words, ledger, paid) => {
    const sandbox = await sandboxFor('fal')
    sandbox.hosts.fal.conduct.billCancelled = billed
    const interaction = await renderingClip(sandbox, 'fal')
    await pressCancel(sandbox, interaction)
    expect((await lastWord(interaction)).text).toContain(`**Cancelled**\n${words}`)
    const reason = await interaction.followUp()
    expect(reason.ephemeral).toBe(true)
    expect(reason.text).toContain(words)
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'cancelled', ledger })
    expect(await compareBooks(sandbox)).toMatchObject({ spent: paid, invoiced: paid, reserved: 0, equal: true })
  })
})

describe('Replicate, which does not say it', () => {
  it.each([false, true])('billed: %s, so the sum stays set aside and the card says so', async (billed) => {
    const sandbox = await sandboxFor('replicate')
    sandbox.hosts.replicate.conduct.billCancelled = billed
    const interaction = await renderingClip(sandbox, 'replicate')
    await pressCancel(sandbox, interaction)
    const card = await lastWord(interaction)
    expect(card.text).toContain('**On hold**')
    expect(card.text).toContain('The host has not said what became of the cancellation.')
    expect(card.text).toContain('$0.35 stays set aside')
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'held', ledger: 'reserve hold' })
    expect(await compareBooks(sandbox)).toMatchObject({ spent: 0, reserved: 350_000, invoiced: billed ? 350_000 : 0 })
  })
})

it('while the host has not yet answered the create call: it is asked as soon as it has', async () => {
  const sandbox = await sandboxFor('fal')
  await sandbox.stopBot()
  const gate = await openGate(sandbox.hosts.fal.origins.queue)
  gate.hold()
  const bot = await startBot(botSettingsFor(sandbox, { queue: gate.origin }))
  onTestFinished(() => bot.stop())
  sandbox.hosts.fal.jobs.hold('completion')
  const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
  await gate.answered
  await cardSaying(interaction, /Handing it to the host/)
  await (await pressCancel(sandbox, interaction)).acknowledged()
  gate.release()
  expect((await lastWord(interaction)).text).toContain('**Cancelled**\nNothing was charged.')
  await bot.stop()
  expect(sandbox.hosts.fal.requests.count('cancel')).toBe(1)
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'cancelled', attempts: 1, ledger: 'reserve release' })
  expect(await compareBooks(sandbox)).toMatchObject({ spent: 0, reserved: 0, invoiced: 0, equal: true })
})

it('lives on in a bot that starts anew', async () => {
  const sandbox = await sandboxFor('fal')
  sandbox.hosts.fal.conduct.onCancel = 'cannot'
  const interaction = await renderingClip(sandbox, 'fal')
  await pressCancel(sandbox, interaction)
  await sandbox.hosts.fal.requests.reached('cancel')
  await sandbox.stopBot()
  sandbox.hosts.fal.conduct.onCancel = 'cancels'
  await sandbox.startBot()
  expect((await lastWord(interaction)).text).toContain('**Cancelled**\nNothing was charged.')
  expect(sandbox.hosts.fal.requests.count('cancel')).toBe(2)
})

describe('who may press', () => {
  it('somebody else is refused privately, and nothing happens to the clip', async () => {
    const sandbox = await sandboxFor('fal')
    const interaction = await renderingClip(sandbox, 'fal')
    const other = sandbox.discord.guild.createMember({ name: 'Somebody else' })
    const press = await pressCancel(sandbox, interaction, other)
    const refusal = await Promise.race([press.followUp(), lastWord(interaction)])
    expect(refusal.ephemeral).toBe(true)
    expect(refusal.text).toMatch(/Only the member who asked/)
    sandbox.hosts.fal.jobs.release('completion')
    await expectPostedAndPaid(sandbox, interaction)
    expect(sandbox.hosts.fal.requests.count('cancel')).toBe(0)
  })

  it('a member who may remove messages can cancel for another, who is told', async () => {
    const sandbox = await sandboxFor('fal')
    const interaction = await renderingClip(sandbox, 'fal')
    const moderator = sandbox.discord.guild.createMember({
      name: 'Moderator',
      permissions: ['ViewChannel', 'SendMessages', 'UseApplicationCommands', 'ManageMessages'],
    })
    await pressCancel(sandbox, interaction, moderator)
    expect((await lastWord(interaction)).text).toContain('**Cancelled**')
    expect((await interaction.followUp()).text).toContain('Your clip was cancelled')
  })

  it('a press that comes after the end is answered privately', async () => {
    const sandbox = await sandboxFor('fal')
    await renderingClip(sandbox, 'fal')
    const waiting = await sandbox.discord.member.run('film', { prompt: 'a second boat' })
    await cardSaying(waiting, /In line/)
    // The card of the cancelled clip is kept from showing it, so that its button can be pressed once more.
    const edit = sandbox.discord.faults.hold({ method: 'PATCH' })
    await pressCancel(sandbox, waiting)
    await edit.arrived
    const late = await (await pressCancel(sandbox, waiting)).followUp()
    expect(late.ephemeral).toBe(true)
    expect(late.text).toMatch(/already finished/)
    edit.release()
    expect((await lastWord(waiting)).text).toContain('**Cancelled**')
    await sandbox.stopBot()
    expect(readGeneration(sandbox, waiting)).toMatchObject({ ledger: 'reserve release' })
  })
})
