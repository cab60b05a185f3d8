import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { quarterHour, refuseEdits, renderingClip } from '../../support/sandbox/clip-steps.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readDayWallet, readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal' }

function finish({ providers }: TestSandbox): void {
  providers.fal.jobs.release('completion')
}

function withClip(message: ShownMessage): boolean {
  return message.attachments.length > 0
}

function refusals({ discord }: TestSandbox): number[] {
  return discord.requests.flatMap(({ status }) => (status >= 400 ? [status] : []))
}

async function expectOnePaid(sandbox: TestSandbox): Promise<void> {
  await sandbox.stopBot()
  expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, reserved: 0, equal: true })
  expect(sandbox.discord.responseProblems).toEqual([])
}

describe('a clip above the upload limit', () => {
  it('becomes a link, without Discord having to refuse it', async () => {
    const sandbox = await testSandbox({ environment })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' }, { attachmentSizeLimit: 20_000 })
    const card = await outcomeCard(interaction)
    expect(card.buttons[0]?.url).toContain(sandbox.providers.fal.origins.media)
    expect(card.text).toContain('too large to post here')
    expect(card.attachments).toEqual([])
    await expectOnePaid(sandbox)
    expect(refusals(sandbox)).toEqual([])
  })

  it('becomes a link if Discord’s actual limit is lower than it says', async () => {
    const sandbox = await testSandbox({ environment, discord: { uploadLimitBytes: 20_000 } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' }, { attachmentSizeLimit: null })
    expect((await outcomeCard(interaction)).buttons).toMatchObject([{ label: 'Open the clip' }])
    await expectOnePaid(sandbox)
    expect(refusals(sandbox)).toEqual([413])
  })
})

describe('an upload that', () => {
  const uploads = { method: 'PATCH', when: ({ files }: { files: unknown[] }) => files.length > 0 }
  it.each<[string, (sandbox: TestSandbox) => void]>([
    ['has to wait', ({ discord }) => discord.faults.rateLimitNext(uploads, 0.2)],
    ['meets a fault of Discord’s', ({ discord }) => discord.faults.failNext(uploads, { status: 502, body: {} })],
    ['breaks off', ({ discord }) => discord.faults.failNext(uploads, 'reset')],
    ['arrives without an answer', ({ discord }) => discord.faults.failNext(uploads, 'reset', { moment: 'after' })],
  ])('%s is repeated, and the clip is posted once', async (_, disturb) => {
    const sandbox = await testSandbox({ environment, clock: createClock(10) })
    disturb(sandbox)
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    await sandbox.discord.request({ ...uploads, when: ({ files, status }) => files.length > 0 && status === 200 })
    await expectOnePaid(sandbox)
    expect(interaction.currentReply()?.attachments).toHaveLength(1)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
  })
})

describe('an interaction token that has expired', () => {
  it('according to Discord: the same message gets the clip by bot token', async () => {
    const sandbox = await testSandbox({ environment })
    const { interaction, card } = await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour + 1000)
    finish(sandbox)
    expect((await finishedCard(interaction)).id).toBe(card.id)
    const upload = await sandbox.discord.request({ method: 'PATCH', when: ({ files, status }) => files.length > 0 && status === 200 })
    expect(upload).toMatchObject({ authorization: 'bot', path: `/channels/${card.channelId}/messages/${card.id}` })
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
    await expectOnePaid(sandbox)
  })

  it('according to the bot’s clock: it is not used any more, and a reply to the clip notifies the member', async () => {
    const clock = createSkippableClock()
    const sandbox = await testSandbox({ environment, clock })
    const { interaction, card } = await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour)
    clock.skip(quarterHour)
    finish(sandbox)
    expect((await finishedCard(interaction)).id).toBe(card.id)
    const notice = await sandbox.discord.guild.channel.message(({ id }) => id !== card.id)
    expect(notice).toMatchObject({ repliesTo: card.id, notified: [sandbox.discord.member.id], mentionsEveryone: false })
    await expectOnePaid(sandbox)
    expect(refusals(sandbox)).toEqual([])
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(2)
  })

  it('and a channel that the bot can no longer see: the server is refunded', async () => {
    const sandbox = await testSandbox({ environment })
    const { interaction } = await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour + 1000)
    sandbox.discord.guild.channel.setBotPermissions([])
    finish(sandbox)
    // The outcome is shown after it was settled.
    await sandbox.discord.request({ method: 'PATCH', when: ({ body }) => JSON.stringify(body).includes('Failed') })
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({
      state: 'failed',
      endReason: 'undeliverable',
      ledger: 'reserve capture refund',
    })
    const line = sandbox.logLines.find((text) => text.includes('generation failed: refunded to the server'))
    const { id: guild } = sandbox.discord.guild
    expect(JSON.parse(line ?? '{}')).toMatchObject({ guild, provider: 'fal', price: '$0.35', reason: 'undeliverable' })
    expect(readDayWallet(sandbox, sandbox.discord.guild.id)).toEqual({ reserved: 0, spent: 0 })
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 350_000 })
  })
})

it('a card that cannot be edited does not prevent delivery: a new message mentions only the requester', async () => {
  const sandbox = await testSandbox({ environment })
  const { card } = await renderingClip(sandbox)
  refuseEdits(sandbox, card)
  finish(sandbox)
  const message = await sandbox.discord.guild.channel.message(withClip)
  expect(message).toMatchObject({ notified: [sandbox.discord.member.id], mentionsEveryone: false, interactionId: undefined })
  await expectOnePaid(sandbox)
  expect(sandbox.discord.guild.channel.messages()).toHaveLength(2)
})

describe('a clip that took', () => {
  it('over a minute notifies the requester, once and nobody else', async () => {
    const sandbox = await testSandbox({ environment, clock: createClock(30) })
    const { interaction } = await renderingClip(sandbox)
    await interaction.reply((message) => /\b[1-9]\d*:\d\d elapsed/.test(message.text))
    finish(sandbox)
    const card = await finishedCard(interaction)
    const notice = await interaction.followUp()
    expect(notice).toMatchObject({ ephemeral: false, notified: [sandbox.discord.member.id], mentionsEveryone: false })
    expect(notice.text).toContain(`/${card.channelId}/${card.id}`)
    await expectOnePaid(sandbox)
    expect(interaction.followUps()).toHaveLength(1)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(2)
  })

  it('over a minute, and whose card cannot be edited, still notifies the requester once', async () => {
    const sandbox = await testSandbox({ environment, clock: createClock(30) })
    const { interaction } = await renderingClip(sandbox)
    const late = await interaction.reply((message) => /\b[1-9]\d*:\d\d elapsed/.test(message.text))
    refuseEdits(sandbox, late)
    finish(sandbox)
    expect(await sandbox.discord.guild.channel.message(withClip)).toMatchObject({ notified: [sandbox.discord.member.id] })
    await expectOnePaid(sandbox)
    expect(interaction.followUps()).toEqual([])
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(2)
  })

  it('less notifies nobody', async () => {
    const sandbox = await testSandbox({ environment })
    const { interaction } = await renderingClip(sandbox)
    finish(sandbox)
    expect(await finishedCard(interaction)).toMatchObject({ notified: [], mentions: [] })
    await expectOnePaid(sandbox)
    expect(interaction.followUps()).toEqual([])
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
  })
})

it('a gateway connection that breaks during a render loses nothing, and the bot reconnects', async () => {
  const sandbox = await testSandbox({ environment })
  const { interaction } = await renderingClip(sandbox)
  sandbox.discord.gateway.cut()
  finish(sandbox)
  await finishedCard(interaction)
  await sandbox.discord.botReady()
  await finishedCard(await sandbox.discord.member.run('film', { prompt: 'another boat' }))
  expect(sandbox.discord.gateway.resumes + sandbox.discord.gateway.identifies).toBe(2)
  await sandbox.stopBot()
  expect(await reconcile(sandbox)).toMatchObject({ spent: 700_000, invoiced: 700_000, equal: true })
})
