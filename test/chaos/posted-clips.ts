import { z } from 'zod'

import { showsClip } from './shown-clip.ts'
import type { World } from './world.ts'

const Message = z.object({
  id: z.string(),
  content: z.string(),
  components: z.array(z.unknown()).default([]),
  mentions: z.array(z.object({ id: z.string() })),
  interaction_metadata: z.object({ id: z.string() }).nullish(),
  message_reference: z.object({ message_id: z.string() }).nullish(),
})
export type ChannelMessage = z.infer<typeof Message>

/** What stands in the channel of one request. */
export interface Announced {
  /** Messages that show its clip. */
  clips: number
  /** Messages that are its card, with or without the clip. */
  cards: number
  /** Messages that called the member back: a card that the bot posted of its own accord did, as it came. */
  calls: number
}

const pageSize = 100

/** All messages that everybody in the channel sees, asked of the local Discord by its own API. */
export async function readChannel({ api, channel, token }: Pick<World['discord'], 'api' | 'channel' | 'token'>): Promise<ChannelMessage[]> {
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
 * Looks for everything that the bot said of one request: by the interaction, by the mark in its prompt, and by its reference, which stands in the small
 * message that the clip is put into. Pure.
 */
export function findAnnounced(
  messages: readonly ChannelMessage[],
  { interactionId, mark, reference }: { interactionId: string; mark: string; reference: string | undefined },
): Announced {
  const signs = [mark, ...(reference === undefined ? [] : [`Reference ${reference}`, `rushes-${reference}.mp4`])]
  const isOwn = (message: ChannelMessage) =>
    message.interaction_metadata?.id === interactionId || signs.some((sign) => JSON.stringify(message.components).includes(sign))
  // A card is made of components; a word beside it is plain text.
  const cards = messages.filter((message) => message.content === '' && isOwn(message))
  const ids = cards.map(({ id }) => id)
  const notices = messages.filter(({ content, mentions, interaction_metadata: origin, message_reference: answered }) => {
    if (content === '' || mentions.length === 0) return false
    return origin?.id === interactionId || ids.some((id) => answered?.message_id === id || content.includes(`/${id}`))
  })
  return {
    clips: cards.filter(({ components }) => showsClip(components)).length,
    cards: cards.length,
    calls: notices.length + cards.filter(({ interaction_metadata: origin }) => !origin).length,
  }
}
