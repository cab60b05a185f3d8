import type { RawFile } from 'discord.js'
import { MessageFlags, Routes } from 'discord.js'
import { z } from 'zod'

import type { Snowflake } from '../domain/ids.ts'
import type { Reply } from '../generations/generation.ts'
import type { PostedMessage } from '../generations/ports.ts'

import type { MessageBody } from './message-body.ts'
import type { RestClients } from './rest.ts'

export interface EditOptions {
  /** This content is soon overtaken: it is rather dropped than kept waiting. */
  passing?: boolean | undefined
  file?: RawFile | undefined
  signal?: AbortSignal | undefined
}

export type Messages = ReturnType<typeof createMessages>

/** Discord's calls on messages, one function each. They throw what `@discordjs/rest` throws, which must not be logged as it is. */
export function createMessages(clients: RestClients) {
  function edit(route: `/${string}`, auth: boolean, body: MessageBody, { passing, file, signal }: EditOptions): Promise<PostedMessage> {
    const client = file ? clients.upload : passing ? clients.passing : clients.brief
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

    /** The reply to an interaction as it stands, by its token. */
    async readReply(reply: Reply): Promise<StandingMessage> {
      const route = Routes.webhookMessage(reply.applicationId, reply.token, '@original')
      return Standing.parse(await clients.brief.get(route, { auth: false }))
    },

    /** A message as it stands, by the bot token. */
    async readMessage({ channelId, messageId }: PostedMessage): Promise<StandingMessage> {
      return Standing.parse(await clients.brief.get(Routes.channelMessage(channelId, messageId)))
    },

    /**
     * The newest message of this application that came after `afterId` and shows `marker`, if Discord lets us look and there is one. From the
     * newest back, because what a crash left behind is young; in a channel where more was said since, it counts as not there.
     */
    async findOwn(channelId: Snowflake, authorId: Snowflake, afterId: Snowflake, marker: string): Promise<PostedMessage | undefined> {
      let before: Snowflake | undefined
      for (let page = 0; page < pagesSearched; page += 1) {
        const query = new URLSearchParams({ limit: String(pageLength), ...(before !== undefined && { before }) })
        const found = z.array(Standing).parse(await clients.brief.get(Routes.channelMessages(channelId), { query }))
        const young = found.filter(({ id }) => BigInt(id) > BigInt(afterId))
        const own = young.find((message) => message.author.id === authorId && shows(message, marker))
        if (own) return { channelId: own.channel_id, messageId: own.id }
        before = young.at(-1)?.id
        if (young.length < pageLength || before === undefined) return undefined
      }
      return undefined
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

const pageLength = 100
const pagesSearched = 5

const Message = z.object({ id: z.string(), channel_id: z.string() })
const Standing = Message.extend({
  author: z.object({ id: z.string() }),
  components: z.unknown().optional(),
  attachments: z.unknown().optional(),
})
export type StandingMessage = z.infer<typeof Standing>

/** Does a text, a link or a file of the message hold this? */
export function shows({ components, attachments }: StandingMessage, marker: string): boolean {
  return JSON.stringify([components, attachments]).includes(JSON.stringify(marker).slice(1, -1))
}
