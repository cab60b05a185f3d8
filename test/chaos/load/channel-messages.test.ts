import { describe, expect, it, onTestFinished } from 'vitest'

import { Observer } from './observer.ts'
import { findRequestMessages, readChannel } from './channel-messages.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'

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
  const card = await outcomeCard(interaction)
  await expect.poll(() => observer.observation).toBe('clip')
  return { sandbox, interaction, card, observer }
}

async function requestMessages({ sandbox, interaction }: Seen) {
  const { apiUrl: api, botToken: token, guild } = sandbox.discord
  const messages = await readChannel({ api, channel: guild.channel.id, token })
  return findRequestMessages(messages, { interactionId: interaction.id, mark, reference: 'ABCD' })
}

async function writeAsBot({ sandbox }: Seen, path: string, method: 'PATCH' | 'POST', body: object): Promise<void> {
  const { apiUrl, botToken, guild } = sandbox.discord
  const response = await fetch(`${apiUrl}/v10/channels/${guild.channel.id}/messages${path}`, {
    method,
    headers: { authorization: `Bot ${botToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(response.status, await response.text()).toBe(200)
}

const cardOf = (content: string) => ({ flags: 1 << 15, components: [{ type: 10, content }], allowed_mentions: { parse: [] } })

describe('the messages of a request in its channel', () => {
  it('are one card with the clip', async () => {
    expect(await requestMessages(await postedClip())).toEqual({ clips: 1, cards: 1, notifications: 0 })
  })

  it('have no clip after a late edit removed it from the card, although the file is still attached', async () => {
    const seen = await postedClip()
    await writeAsBot(seen, `/${seen.card.id}`, 'PATCH', cardOf(`**Rendering** ${mark}`))
    await expect.poll(() => seen.observer.observation).toBe('in progress')
    expect(seen.interaction.currentReply()?.attachments).toHaveLength(1)
    expect(await requestMessages(seen)).toEqual({ clips: 0, cards: 1, notifications: 0 })
  })

  it('count a second card and each further mention of the member', async () => {
    const seen = await postedClip()
    const { card, sandbox } = seen
    const { member } = sandbox.discord
    const arriving = { ...cardOf(`<@${member.id}> Your clip is ready\n-# Reference ABCD`), allowed_mentions: { users: [member.id] } }
    await writeAsBot(seen, '', 'POST', arriving)
    expect(await requestMessages(seen)).toEqual({ clips: 1, cards: 2, notifications: 1 })
    const notice = { content: `<@${member.id}> Your clip is ready`, message_reference: { message_id: card.id } }
    await writeAsBot(seen, '', 'POST', { ...notice, allowed_mentions: { users: [member.id] } })
    expect(await requestMessages(seen)).toEqual({ clips: 1, cards: 2, notifications: 2 })
  })
})
