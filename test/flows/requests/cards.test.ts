import { describe, expect, it } from 'vitest'

import type { FaultKind } from '../../../sandbox/providers/simulation/faults.ts'
import { nastyPrompts } from '../../discord/support/nasty-prompts.ts'
import { endedCard, finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'

const { newlines, ...readable } = nastyPrompts
const prompts: Record<string, string> = {
  ...readable,
  // Discord stores a message as UTF-8, of which these take the most.
  'letters of three bytes': '語'.repeat(2500),
  'three bytes and markup': '語*'.repeat(1250),
  'a mention of the member and of everybody': '<@{member}> @here <@&{guild}> '.repeat(60),
}

/** Takes clips through every state of a card; resolves once all of them were shown. */
async function showEveryCard({ discord, providers }: TestSandbox, prompt: string): Promise<void> {
  const { jobs, faults } = providers.fal
  const film = (options = {}) => discord.member.run('film', { prompt, negative: prompt, ...options }, { attachmentSizeLimit: 10_000_000 })
  const press = async (card: Promise<{ id: string }>) => discord.member.press(await card, 'Cancel')

  jobs.hold('completion')
  const first = await film()
  const making = first.reply((message) => /Rendering/.test(message.text))
  await making
  const waiting = await film()
  await press(waiting.reply((message) => /Queued/.test(message.text) && message.buttons.length > 0))
  await endedCard(waiting, /Cancelled/)
  providers.fal.behavior.onCancel = 'cannot'
  await press(making)
  await first.reply((message) => /Cancelling/.test(message.text))
  jobs.release('completion')
  await finishedCard(first)

  // Too large for an upload: a link instead of the clip.
  const linked = await discord.member.run('film', { prompt }, { attachmentSizeLimit: 17_000 })
  await linked.reply((message) => message.buttons.some(({ label }) => label === 'Open the clip'))
  // The lost answer last: for a while the provider gets no further request after it.
  const ends: [FaultKind, RegExp][] = [
    ['moderated', /Failed/],
    ['lost-answer', /On hold/],
  ]
  for (const [kind, words] of ends) {
    faults.add({ kind })
    const interaction = await film()
    await endedCard(interaction, words)
    await interaction.followUp()
  }
}

/** Cards show what the member typed as text, never as markup or a mention. */
function expectQuiet({ discord }: TestSandbox): void {
  const refused = discord.requests.filter(({ status }) => status >= 400)
  expect(refused.map(({ method, path, status }) => `${method} ${path} ${status}`)).toEqual([])
  expect(discord.responseProblems).toEqual([])
  const messages = discord.guild.channel.messages(discord.member)
  expect(messages.length).toBeGreaterThanOrEqual(5)
  for (const message of messages) {
    expect(message.mentions).toEqual([])
    expect(message.notified).toEqual([])
    expect(message.mentionsEveryone).toBe(false)
  }
}

describe('Discord accepts every card, and nobody is mentioned, for a prompt of', () => {
  it.each(Object.entries(prompts))('%s', async (_kind, pattern) => {
    const sandbox = await testSandbox({
      environment: { PROVIDERS: 'fal', FAL_CONCURRENCY: '1', FAL_CREATES_PER_MINUTE: '1000' },
      // Discord would let the bot mention everyone.
      discord: { rateLimit: { limit: 1000, windowMs: 1000 } },
    })
    const { discord } = sandbox
    discord.guild.setBotPermissions([...botPermissions, 'MentionEveryone'])
    const prompt = pattern.replaceAll('{member}', discord.member.id).replaceAll('{guild}', discord.guild.id).slice(0, 2500)
    await showEveryCard(sandbox, prompt)
    await sandbox.stopBot()
    expectQuiet(sandbox)
  })

  it('nothing but newlines, which is refused', async () => {
    const sandbox = await testSandbox()
    const interaction = await sandbox.discord.member.run('film', { prompt: newlines })
    expect(await interaction.reply()).toMatchObject({ ephemeral: true })
    expect(interaction.currentReply()?.text).toMatch(/prompt is empty/)
  })
})

const botPermissions = ['ViewChannel', 'SendMessages', 'SendMessagesInThreads', 'EmbedLinks', 'AttachFiles', 'ReadMessageHistory'] as const
