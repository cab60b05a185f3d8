import type { RawFile } from 'discord.js'
import { MessageFlags, Routes } from 'discord.js'
import { z } from 'zod'

import type { Snowflake } from '../domain/ids.ts'
import type { Reply } from '../generations/generation.ts'
import type { PostedMessage } from '../generations/ports.ts'

import type { MessageBody } from './message-body.ts'
import type { RestClients } from './rest.ts'

export interface EditOptions {
  file?: RawFile | undefined
  signal?: AbortSignal | undefined
}

export type Messages = ReturnType<typeof createMessages>

/** Discord's calls on messages, one function each. They throw what `@discordjs/rest` throws, which must not be logged as it is. */
export function createMessages(clients: RestClients) {
  function edit(route: `/${string}`, auth: boolean, body: MessageBody, { file, signal }: EditOptions): Promise<PostedMessage> {
    const client = file ? clients.upload : clients.brief
    return client.patch(route, { body, auth, signal, ...(file && { files: [file] }) }).then(parseMessage)
  }

  return {
    /** The reply to an interaction, by its token. The bot token is not sent: a refusal here must not count against it. */
    editReply(reply: Reply, body: MessageBody, options: EditOptions = {}): Promise<PostedMessage> {
      return edit(Routes.webhookMessage(reply.applicationId, reply.token, '@original'), false, body, options)
    },

    /** A message of the bot's own, by the bot token. Works on public replies too, at any age. */
    editMessage({ channelId, messageId }: PostedMessage, body: MessageBody, options: EditOptions = {}): Promise<PostedMessage> {
      return edit(Routes.channelMessage(channelId, messageId), true, body, options)
    },

    /** `nonce` (at most 25 characters) makes it harmless to repeat, for the few minutes that Discord remembers it. */
    create(channelId: Snowflake, body: MessageBody, nonce: string, signal?: AbortSignal): Promise<PostedMessage> {
      return clients.brief
        .post(Routes.channelMessages(channelId), { body: { ...body, nonce, enforce_nonce: true }, signal })
        .then(parseMessage)
    },

    /** A message of this application that came after `afterId` and shows `marker`, if Discord lets us look and there is one. */
    async findOwn(channelId: Snowflake, authorId: Snowflake, afterId: Snowflake, marker: string): Promise<PostedMessage | undefined> {
      const query = new URLSearchParams({ after: afterId, limit: '100' })
      const found = ChannelMessages.parse(await clients.brief.get(Routes.channelMessages(channelId), { query }))
      const own = found.find(({ author, components }) => author.id === authorId && JSON.stringify(components).includes(marker))
      return own && { channelId: own.channel_id, messageId: own.id }
    },

    /** A word to the member alone. Never repeated: it would be said twice. */
    async tellPrivately(reply: Reply, content: string): Promise<void> {
      const body = { content, flags: MessageFlags.Ephemeral, allowed_mentions: { parse: [] } }
      await clients.brief.post(Routes.webhook(reply.applicationId, reply.token), { body, auth: false, query: answered })
    },

    /** Mentions one member in a message beneath the reply. Never repeated. */
    async noticeByToken(reply: Reply, memberId: Snowflake, content: string): Promise<void> {
      const body = { content, allowed_mentions: { parse: [], users: [memberId] } }
      await clients.brief.post(Routes.webhook(reply.applicationId, reply.token), { body, auth: false, query: answered })
    },

    /** The same, as the bot's own answer to the message that carries the clip. */
    async noticeInChannel({ channelId, messageId }: PostedMessage, memberId: Snowflake, content: string): Promise<void> {
      const body = {
        content,
        allowed_mentions: { parse: [], users: [memberId], replied_user: false },
        message_reference: { message_id: messageId, fail_if_not_exists: false },
      }
      await clients.brief.post(Routes.channelMessages(channelId), { body })
    },
  }
}

function parseMessage(answer: unknown): PostedMessage {
  const message = Message.parse(answer)
  return { channelId: message.channel_id, messageId: message.id }
}

/** Without it Discord answers before the message exists, and says nothing where it never will. */
const answered = new URLSearchParams({ wait: 'true' })

const Message = z.object({ id: z.string(), channel_id: z.string() })
const ChannelMessages = z.array(Message.extend({ author: z.object({ id: z.string() }), components: z.unknown().optional() }))
