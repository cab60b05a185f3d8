import { describe, expect, it } from 'vitest'

import { reconcile } from '../../sandbox/reconciliation.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import type { RunOptions } from '../../sandbox/discord/people/member.ts'
import type { ShownMessage } from '../../sandbox/discord/people/shown-message.ts'
import { type Clock, createClock } from '../../src/lib/clock.ts'
import { lastWord } from '../support/last-word.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { readDayWallet, readGeneration } from '../support/store-reader.ts'

const quarterHour = 15 * 60_000
const environment = { PROVIDERS: 'fal' }

/** A clip that the provider has begun and will not finish before `jobs.release`. */
async function renderingClip(
  { discord, providers }: TestSandbox,
  options: RunOptions = {},
): Promise<{ interaction: Interaction; card: ShownMessage }> {
  providers.fal.jobs.hold('completion')
  const interaction = await discord.member.run('film', { prompt: 'a boat' }, options)
  const card = await interaction.reply((message) => message.text.includes('Rendering'))
  return { interaction, card }
}

function finish({ providers }: TestSandbox): void {
  providers.fal.jobs.release('completion')
}

function withClip(message: ShownMessage): boolean {
  return message.attachments.length > 0
}

function refusals({ discord }: TestSandbox): number[] {
  return discord.requests.flatMap(({ status }) => (status >= 400 ? [status] : []))
}

async function expectPaidOnce(sandbox: TestSandbox): Promise<void> {
  await sandbox.stopBot()
  expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, reserved: 0, equal: true })
  expect(sandbox.discord.responseProblems).toEqual([])
}

/** The wall, as long as nobody sets it forward. */
function adjustableClock(): Clock & { advance(milliseconds: number): void } {
  const wall = createClock()
  let offset = 0
  return { now: () => wall.now() + offset, sleep: wall.sleep.bind(wall), advance: (milliseconds) => void (offset += milliseconds) }
}

describe('a clip larger than may be posted', () => {
  it('becomes a link, without Discord having to refuse it', async () => {
    const sandbox = await testSandbox({ environment })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' }, { attachmentSizeLimit: 20_000 })
    const card = await lastWord(interaction)
    expect(card.buttons[0]?.url).toContain(sandbox.providers.fal.origins.media)
    expect(card.text).toContain('more than can be posted here')
    expect(card.attachments).toEqual([])
    await expectPaidOnce(sandbox)
    expect(refusals(sandbox)).toEqual([])
  })

  it('becomes a link, too, where Discord holds to less than it says', async () => {
    const sandbox = await testSandbox({ environment, discord: { uploadLimitBytes: 20_000 } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' }, { attachmentSizeLimit: null })
    expect((await lastWord(interaction)).buttons).toMatchObject([{ label: 'Open the clip' }])
    await expectPaidOnce(sandbox)
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
  ])('%s is made again, and the clip stands there once', async (_, disturb) => {
    const sandbox = await testSandbox({ environment, clock: createClock(10) })
    disturb(sandbox)
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    await sandbox.discord.request({ ...uploads, when: ({ files, status }) => files.length > 0 && status === 200 })
    await expectPaidOnce(sandbox)
    expect(interaction.currentReply()?.attachments).toHaveLength(1)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
  })
})

describe('an interaction token that is over', () => {
  it('by Discord’s word alone: the same message gets the clip by the bot’s own token', async () => {
    const sandbox = await testSandbox({ environment })
    const { interaction, card } = await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour + 1000)
    finish(sandbox)
    expect((await finishedCard(interaction)).id).toBe(card.id)
    const upload = await sandbox.discord.request({ method: 'PATCH', when: ({ files, status }) => files.length > 0 && status === 200 })
    expect(upload).toMatchObject({ authorization: 'bot', path: `/channels/${card.channelId}/messages/${card.id}` })
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
    await expectPaidOnce(sandbox)
  })

  it('by the bot’s own clock: it is not tried any more, and the member is called by a reply to the clip', async () => {
    const clock = adjustableClock()
    const sandbox = await testSandbox({ environment, clock })
    const { interaction, card } = await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour)
    clock.advance(quarterHour)
    finish(sandbox)
    expect((await finishedCard(interaction)).id).toBe(card.id)
    const notice = await sandbox.discord.guild.channel.message(({ id }) => id !== card.id)
    expect(notice).toMatchObject({ repliesTo: card.id, notified: [sandbox.discord.member.id], mentionsEveryone: false })
    await expectPaidOnce(sandbox)
    expect(refusals(sandbox)).toEqual([])
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(2)
  })

  it('and a channel that the bot can no longer see: the server gets its money back', async () => {
    const sandbox = await testSandbox({ environment })
    const { interaction } = await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour + 1000)
    sandbox.discord.guild.channel.setBotPermissions([])
    finish(sandbox)
    // The end is shown after it was settled, or at least tried to be shown.
    await sandbox.discord.request({ method: 'PATCH', when: ({ body }) => JSON.stringify(body).includes('Failed') })
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({
      state: 'failed',
      endReason: 'undeliverable',
      ledger: 'reserve capture refund',
    })
    expect(readDayWallet(sandbox, sandbox.discord.guild.id)).toEqual({ reserved: 0, spent: 0 })
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 350_000 })
  })
})

describe('a card that a member deleted', () => {
  it('does not keep the clip away: it comes in a message that mentions the requester alone', async () => {
    const sandbox = await testSandbox({ environment })
    const { card } = await renderingClip(sandbox)
    sandbox.discord.deleteMessage(card.id)
    finish(sandbox)
    const message = await sandbox.discord.guild.channel.message(withClip)
    expect(message).toMatchObject({ notified: [sandbox.discord.member.id], mentionsEveryone: false, interactionId: undefined })
    await expectPaidOnce(sandbox)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
  })
})

describe('a clip that took', () => {
  it('over a minute calls the requester, once and nobody else', async () => {
    const sandbox = await testSandbox({ environment, clock: createClock(30) })
    const { interaction } = await renderingClip(sandbox)
    await interaction.reply((message) => /\b[1-9]\d*:\d\d so far/.test(message.text))
    finish(sandbox)
    const card = await finishedCard(interaction)
    const notice = await interaction.followUp()
    expect(notice).toMatchObject({ ephemeral: false, notified: [sandbox.discord.member.id], mentionsEveryone: false })
    expect(notice.text).toContain(`/${card.channelId}/${card.id}`)
    await expectPaidOnce(sandbox)
    expect(interaction.followUps()).toHaveLength(1)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(2)
  })

  it('over a minute, and whose card was deleted, calls the requester once all the same', async () => {
    const sandbox = await testSandbox({ environment, clock: createClock(30) })
    const { interaction } = await renderingClip(sandbox)
    const late = await interaction.reply((message) => /\b[1-9]\d*:\d\d so far/.test(message.text))
    sandbox.discord.deleteMessage(late.id)
    finish(sandbox)
    expect(await sandbox.discord.guild.channel.message(withClip)).toMatchObject({ notified: [sandbox.discord.member.id] })
    await expectPaidOnce(sandbox)
    expect(interaction.followUps()).toEqual([])
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
  })

  it('less calls nobody', async () => {
    const sandbox = await testSandbox({ environment })
    const { interaction } = await renderingClip(sandbox)
    finish(sandbox)
    expect(await finishedCard(interaction)).toMatchObject({ notified: [], mentions: [] })
    await expectPaidOnce(sandbox)
    expect(interaction.followUps()).toEqual([])
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
  })
})

it('a gateway that breaks off while a clip is made takes nothing with it, and the bot comes back by itself', async () => {
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
