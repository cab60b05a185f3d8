import { describe, expect, it, onTestFinished } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { startBot } from '../../../src/main.ts'
import { botSettingsFor } from '../../support/bot/bot-settings.ts'
import { openGate } from '../../support/network/gate.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readDayWallet, readGeneration } from '../../support/store/store-reader.ts'

const providerIds = ['fal', 'replicate'] as const
type ProviderId = (typeof providerIds)[number]

/** One job at a time, and a fast clock, so that Replicate is polled often. */
function sandboxFor(id: ProviderId): Promise<TestSandbox> {
  return testSandbox({ environment: { PROVIDERS: id, [`${id.toUpperCase()}_CONCURRENCY`]: '1' }, clock: createClock(10) })
}

/** A clip that the provider has begun and will not finish before it is let. */
async function renderingClip(sandbox: TestSandbox, id: ProviderId): Promise<Interaction> {
  sandbox.providers[id].jobs.hold('completion')
  const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
  await sandbox.providers[id].jobs.reached('running')
  await cardSaying(interaction, /Rendering/)
  return interaction
}

function cardSaying(interaction: Interaction, words: RegExp) {
  return interaction.reply((message) => words.test(message.text) && message.buttons.length > 0)
}

async function pressCancel({ discord }: TestSandbox, interaction: Interaction, member = discord.member): Promise<Interaction> {
  return member.press(await interaction.reply(), 'Cancel')
}

describe.each(providerIds)('on %s', (id) => {
  it('in the queue: the money is released and the provider is never called', async () => {
    const sandbox = await sandboxFor(id)
    const first = await renderingClip(sandbox, id)
    const second = await sandbox.discord.member.run('film', { prompt: 'a second boat' })
    await cardSaying(second, /Queued/)
    await pressCancel(sandbox, second)
    expect((await outcomeCard(second)).text).toMatch(/^\*\*Cancelled\*\*\n<@\d+> cancelled this clip\.\nNo charge\./)

    sandbox.providers[id].jobs.release('completion')
    await finishedCard(first)
    await sandbox.stopBot()
    expect(sandbox.providers[id].requests.count('create')).toBe(1)
    expect(readGeneration(sandbox, second)).toMatchObject({ state: 'cancelled', attempts: 0, ledger: 'reserve release' })
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })

  it('during the render, at a provider that cannot stop: the clip is posted and paid', async () => {
    const sandbox = await sandboxFor(id)
    sandbox.providers[id].behavior.onCancel = 'cannot'
    const interaction = await renderingClip(sandbox, id)
    await pressCancel(sandbox, interaction)
    await sandbox.providers[id].requests.reached('cancel')
    await interaction.reply((message) => message.text.includes('Cancelling…') && message.buttons.length === 0)
    sandbox.providers[id].jobs.release('completion')
    await expectPostedAndPaid(sandbox, interaction)
  })

  it('during the render, at a provider that finishes at that moment: the clip is posted and paid', async () => {
    const sandbox = await sandboxFor(id)
    sandbox.providers[id].behavior.onCancel = 'completes-anyway'
    const interaction = await renderingClip(sandbox, id)
    await pressCancel(sandbox, interaction)
    await expectPostedAndPaid(sandbox, interaction)
  })
})

async function expectPostedAndPaid(sandbox: TestSandbox, interaction: Interaction): Promise<void> {
  expect((await outcomeCard(interaction)).attachments).toHaveLength(1)
  await sandbox.stopBot()
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', attempts: 1, ledger: 'reserve capture' })
  expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, reserved: 0, equal: true })
}

describe('fal, which reports what it billed for a cancelled job', () => {
  it.each([
    [false, 'No charge.', 'reserve release', 0],
    [true, 'fal.ai had already billed the clip, so this server paid $0.35.', 'reserve capture', 350_000],
  ])('billed: %s', async (billed, words, ledger, paid) => {
    const sandbox = await sandboxFor('fal')
    sandbox.providers.fal.behavior.billCancelled = billed
    const interaction = await renderingClip(sandbox, 'fal')
    await pressCancel(sandbox, interaction)
    expect((await outcomeCard(interaction)).text).toContain(`cancelled this clip.\n${words}`)
    const reason = await interaction.followUp()
    expect(reason.ephemeral).toBe(true)
    expect(reason.text).toBe(`You cancelled this clip.\n${words}`)
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'cancelled', ledger })
    expect(await reconcile(sandbox)).toMatchObject({ spent: paid, invoiced: paid, reserved: 0, equal: true })
  })
})

describe('Replicate, which does not report it', () => {
  it.each([false, true])('billed: %s, so the server pays nothing and the installation assumes the price', async (billed) => {
    const sandbox = await sandboxFor('replicate')
    sandbox.providers.replicate.behavior.billCancelled = billed
    const interaction = await renderingClip(sandbox, 'replicate')
    await pressCancel(sandbox, interaction)
    const card = await outcomeCard(interaction)
    expect(card.text).toMatch(/^\*\*Cancelled\*\*\n<@\d+> cancelled this clip\.\nNo charge\./)
    expect((await interaction.followUp()).text).toBe('You cancelled this clip.\nNo charge.')
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'cancelled', ledger: 'reserve assumed release-guild' })
    const invoiced = billed ? 350_000 : 0
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, assumed: 350_000, reserved: 0, invoiced, equal: true })
    expect(readDayWallet(sandbox, sandbox.discord.guild.id)).toEqual({ reserved: 0, spent: 0 })
  })
})

describe('WaveSpeed, which cannot cancel', () => {
  it('has no button while it renders; one pressed before that waits for the clip', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'wavespeed', WAVESPEED_CONCURRENCY: '1' }, clock: createClock(10) })
    sandbox.providers.wavespeed.jobs.hold('completion')
    const first = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    expect((await first.reply(({ text }) => text.includes('Rendering'))).buttons).toEqual([])
    const second = await sandbox.discord.member.run('film', { prompt: 'a second boat' })
    await cardSaying(second, /Queued/)
    await pressCancel(sandbox, second)
    expect((await outcomeCard(second)).text).toContain('**Cancelled**')
    await sandbox.stopBot()
    expect((await first.reply(({ text }) => text.includes('restarting'))).buttons).toEqual([])
    await sandbox.startBot()
    sandbox.providers.wavespeed.jobs.release('completion')
    await expectPostedAndPaid(sandbox, first)
  })
})

it('before the provider has answered the create call: the cancel is sent once it has', async () => {
  const sandbox = await sandboxFor('fal')
  await sandbox.stopBot()
  const gate = await openGate(sandbox.providers.fal.origins.queue)
  gate.hold()
  const bot = await startBot(botSettingsFor(sandbox, { queue: gate.origin }))
  onTestFinished(() => bot.stop())
  sandbox.providers.fal.jobs.hold('completion')
  const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
  await gate.answered
  await cardSaying(interaction, /Sending the request to/)
  await (await pressCancel(sandbox, interaction)).acknowledged()
  gate.release()
  expect((await outcomeCard(interaction)).text).toMatch(/^\*\*Cancelled\*\*\n<@\d+> cancelled this clip\.\nNo charge\./)
  await bot.stop()
  expect(sandbox.providers.fal.requests.count('cancel')).toBe(1)
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'cancelled', attempts: 1, ledger: 'reserve release' })
  expect(await reconcile(sandbox)).toMatchObject({ spent: 0, reserved: 0, invoiced: 0, equal: true })
})

it('a cancel button still works after a restart', async () => {
  const sandbox = await sandboxFor('fal')
  sandbox.providers.fal.behavior.onCancel = 'cannot'
  const interaction = await renderingClip(sandbox, 'fal')
  await pressCancel(sandbox, interaction)
  await sandbox.providers.fal.requests.reached('cancel')
  await sandbox.stopBot()
  sandbox.providers.fal.behavior.onCancel = 'cancels'
  await sandbox.startBot()
  expect((await outcomeCard(interaction)).text).toMatch(/^\*\*Cancelled\*\*\n<@\d+> cancelled this clip\.\nNo charge\./)
  expect(sandbox.providers.fal.requests.count('cancel')).toBe(2)
})

describe('the cancel button', () => {
  it('refuses other members privately, and the clip is not affected', async () => {
    const sandbox = await sandboxFor('fal')
    const interaction = await renderingClip(sandbox, 'fal')
    const other = sandbox.discord.guild.createMember({ name: 'Somebody else' })
    const press = await pressCancel(sandbox, interaction, other)
    const refusal = await Promise.race([press.followUp(), outcomeCard(interaction)])
    expect(refusal.ephemeral).toBe(true)
    expect(refusal.text).toMatch(/Only the requester/)
    sandbox.providers.fal.jobs.release('completion')
    await expectPostedAndPaid(sandbox, interaction)
    expect(sandbox.providers.fal.requests.count('cancel')).toBe(0)
  })

  it('works for a member who may manage messages, and the requester is told', async () => {
    const sandbox = await sandboxFor('fal')
    const interaction = await renderingClip(sandbox, 'fal')
    const moderator = sandbox.discord.guild.createMember({
      name: 'Moderator',
      permissions: ['ViewChannel', 'SendMessages', 'UseApplicationCommands', 'ManageMessages'],
    })
    await pressCancel(sandbox, interaction, moderator)
    expect((await outcomeCard(interaction)).text).toContain('**Cancelled**\nA moderator cancelled this clip.')
    expect((await interaction.followUp()).text).toContain('A moderator cancelled this clip.')
  })

  it('answers a press after the outcome privately', async () => {
    const sandbox = await sandboxFor('fal')
    await renderingClip(sandbox, 'fal')
    const waiting = await sandbox.discord.member.run('film', { prompt: 'a second boat' })
    await cardSaying(waiting, /Queued/)
    // The edit of the cancelled card is kept back, so that its button can be pressed again.
    const edit = sandbox.discord.faults.hold({ method: 'PATCH' })
    await pressCancel(sandbox, waiting)
    await edit.arrived
    const late = await (await pressCancel(sandbox, waiting)).followUp()
    expect(late.ephemeral).toBe(true)
    expect(late.text).toMatch(/already finished/)
    edit.release()
    expect((await outcomeCard(waiting)).text).toContain('**Cancelled**')
    await sandbox.stopBot()
    expect(readGeneration(sandbox, waiting)).toMatchObject({ ledger: 'reserve release' })
  })
})
