import { once } from 'node:events'

import { WebSocket } from 'ws'
import { z } from 'zod'

import type { Community } from '../bot/members.ts'

const snowflake = z.string()
const Frame = z.object({ op: z.number(), t: z.string().nullish(), d: z.unknown() })
const OpenInteraction = z
  .object({
    ...{ id: snowflake, token: z.string(), application_id: snowflake, guild_id: snowflake, channel_id: snowflake },
    member: z.object({ user: z.object({ id: snowflake }) }),
    attachment_size_limit: z.number(),
    locale: z.string(),
  })
  .transform((received) => ({
    memberId: received.member.user.id,
    guildId: received.guild_id,
    channelId: received.channel_id,
    reply: {
      applicationId: received.application_id,
      interactionId: received.id,
      token: received.token,
      attachmentSizeLimit: received.attachment_size_limit,
      locale: received.locale,
    },
  }))
/** An interaction that was deferred, as the bot stores it. */
export type OpenInteraction = z.infer<typeof OpenInteraction>

const atOnce = 100
const [hello, identify, deferredMessage] = [10, 2, 5]

/** Lets members run `/film` and defers their interactions in place of the bot, so that its cards can be edited. */
export async function openInteractions({ discord, members }: Community, count: number): Promise<OpenInteraction[]> {
  const socket = new WebSocket(discord.origin.replace('http', 'ws'))
  const opened: OpenInteraction[] = []
  const failed = Promise.withResolvers<never>()
  socket.on('message', (frame: Buffer) => {
    const { op, t, d } = Frame.parse(JSON.parse(frame.toString()))
    if (op === hello) socket.send(JSON.stringify({ op: identify, d: { token: discord.botToken, intents: 1, properties: {} } }))
    if (t !== 'INTERACTION_CREATE') return
    const interaction = OpenInteraction.parse(d)
    defer(discord.apiUrl, interaction).then(() => {
      opened.push(interaction)
      socket.emit('opened')
    }, failed.reject)
  })
  try {
    await discord.botReady()
    for (let sent = 0; sent < count; sent += 1) {
      await members[sent % members.length]?.run('film', { prompt: 'a paper boat on a rainy street' })
      while (opened.length <= sent - atOnce) await Promise.race([once(socket, 'opened'), failed.promise])
    }
    while (opened.length < count) await Promise.race([once(socket, 'opened'), failed.promise])
    return opened
  } finally {
    socket.terminate()
  }
}

async function defer(apiUrl: string, { reply: { interactionId, token } }: OpenInteraction): Promise<void> {
  const response = await fetch(`${apiUrl}/v10/interactions/${interactionId}/${token}/callback`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ type: deferredMessage }),
  })
  if (!response.ok) throw new Error(`not acknowledged: HTTP ${response.status}`)
}
