import { describe, expect, it, onTestFinished } from 'vitest'

import { Observer } from '../chaos/observer.ts'
import { findAnnounced, readChannel } from '../chaos/posted-clips.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../sandbox/discord/people/shown-message.ts'
import { lastWord } from '../support/last-word.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'

const mark = 'clip-1.'

interface Seen {
  sandbox: TestSandbox
  interaction: Interaction
  card: ShownMessage
  observer: Observer
}

async function postedClip(): Promise<Seen> {
  const sandbox = await testSandbox()
  const { discord } = sandbox
  const interaction = await discord.member.run('film', { prompt: `${mark} a boat` })
  const observer = new Observer({ discord }, { interactionId: interaction.id, mark, onChange: () => undefined })
  onTestFinished(() => observer.close())
  const card = await lastWord(interaction)
  await expect.poll(() => observer.observation).toBe('clip')
  return { sandbox, interaction, card, observer }
}

async function announced({ sandbox, interaction }: Seen) {
  const { apiUrl: api, botToken: token, guild } = sandbox.discord
  const messages = await readChannel({ api, channel: guild.channel.id, token })
  return findAnnounced(messages, { interactionId: interaction.id, mark, reference: 'ABCD' })
}

/** By the bot's token. */
async function write({ sandbox }: Seen, path: string, method: 'PATCH' | 'POST', body: object): Promise<void> {
  const { apiUrl, botToken, guild } = sandbox.discord
  const response = await fetch(`${apiUrl}/v10/channels/${guild.channel.id}/messages${path}`, {
    method,
    headers: { authorization: `Bot ${botToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status, await response.text()).toBe(200)
}

const cardOf = (content: string) => ({ flags: 1 << 15, components: [{ type: 10, content }], allowed_mentions: { parse: [] } })

describe('what the channel shows of a request', () => {
  it('is one card with the clip', async () => {
    expect(await announced(await postedClip())).toEqual({ clips: 1, cards: 1, calls: 0 })
  })

  it('is no clip any more where a late edit took it off the card, though the file is still there', async () => {
    const seen = await postedClip()
    await write(seen, `/${seen.card.id}`, 'PATCH', cardOf(`**Making the clip** ${mark}`))
    await expect.poll(() => seen.observer.observation).toBe('at work')
    expect(seen.interaction.currentReply()?.attachments).toHaveLength(1)
    expect(await announced(seen)).toEqual({ clips: 0, cards: 1, calls: 0 })
  })

  it('is a second announcement where the bot posts another card, or calls the member once more', async () => {
    const seen = await postedClip()
    const { card, sandbox } = seen
    const { member } = sandbox.discord
    const arriving = { ...cardOf(`<@${member.id}> Your clip is ready\n-# Reference ABCD`), allowed_mentions: { users: [member.id] } }
    await write(seen, '', 'POST', arriving)
    expect(await announced(seen)).toEqual({ clips: 1, cards: 2, calls: 1 })
    const notice = { content: `<@${member.id}> Your clip is ready`, message_reference: { message_id: card.id } }
    await write(seen, '', 'POST', { ...notice, allowed_mentions: { users: [member.id] } })
    expect(await announced(seen)).toEqual({ clips: 1, cards: 2, calls: 2 })
  })
})
