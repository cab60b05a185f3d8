import { z } from 'zod'

import { showsClip } from '../shared/shown-clip.ts'
import type { ChaosSandbox } from '../sandbox/sandbox.ts'

const Message = z.object({
  id: z.string(),
  content: z.string(),
  components: z.array(z.unknown()).default([]),
  mentions: z.array(z.object({ id: z.string() })),
  interaction_metadata: z.object({ id: z.string() }).nullish(),
  message_reference: z.object({ message_id: z.string() }).nullish(),
})
export type ChannelMessage = z.infer<typeof Message>

/** The messages in the channel that belong to one request. */
export interface RequestMessages {
  /** Cards that show its clip. */
  clips: number
  /** Cards, with or without the clip. */
  cards: number
  /** Messages that mention the member. A card that the bot posts as a new message does so, too. */
  notifications: number
}

const pageSize = 100

/** All public messages of the channel, read through Discord's own API. */
export async function readChannel({
  api,
  channel,
  token,
}: Pick<ChaosSandbox['discord'], 'api' | 'token'> & { channel: string }): Promise<ChannelMessage[]> {
  const messages: ChannelMessage[] = []
  let before: string | undefined
  for (;;) {
    const query = new URLSearchParams({ limit: String(pageSize), ...(before !== undefined && { before }) })
    const response = await fetch(`${api}/v10/channels/${channel}/messages?${query.toString()}`, {
      headers: { authorization: `Bot ${token}` },
    })
    const page = z.array(Message).parse(await response.json())
    messages.push(...page)
    if (page.length < pageSize) return messages
    before = page.map(({ id }) => id).reduce((oldest, id) => (BigInt(id) < BigInt(oldest) ? id : oldest))
  }
}

/**
 * Finds everything that the bot said about one request: by the interaction, by the mark in its prompt, and by its reference, which is in the new message
 * that the clip is put into.
 */
export function findRequestMessages(
  messages: readonly ChannelMessage[],
  { interactionId, mark, reference }: { interactionId: string; mark: string; reference: string | undefined },
): RequestMessages {
  const markers = [mark, ...(reference === undefined ? [] : [`Reference ${reference}`, `rushes-${reference}.mp4`])]
  const isOwn = (message: ChannelMessage) =>
    message.interaction_metadata?.id === interactionId || markers.some((marker) => JSON.stringify(message.components).includes(marker))
  // A card is made of components; a notice is plain text.
  const cards = messages.filter((message) => message.content === '' && isOwn(message))
  const ids = cards.map(({ id }) => id)
  const notices = messages.filter(({ content, mentions, interaction_metadata: origin, message_reference: answered }) => {
    if (content === '' || mentions.length === 0) return false
    return origin?.id === interactionId || ids.some((id) => answered?.message_id === id || content.includes(`/${id}`))
  })
  return {
    clips: cards.filter(({ components }) => showsClip(components)).length,
    cards: cards.length,
    notifications: notices.length + cards.filter(({ interaction_metadata: origin }) => !origin).length,
  }
}
