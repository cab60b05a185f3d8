import type { RawFile } from 'discord.js'
import { MessageFlags, RESTJSONErrorCodes, Routes } from 'discord.js'
import { z } from 'zod'

import type { Snowflake } from '../../domain/ids.ts'
import type { PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Reply } from '../../generations/model/generation.ts'
import type { Deadline } from '../../lib/deadline.ts'

import type { MessageBody } from '../cards/components.ts'

import type { RestClients } from './clients.ts'
import { leaveBy } from './call-deadline.ts'
import { hasCode } from './errors.ts'
import { createSerialQueue } from './serial-queue.ts'

export interface EditOptions {
  /** Best effort, for content that is soon out of date: rejected instead of held back by a rate limit, and dropped if this is over before sending. */
  bestEffort?: Deadline | undefined
  file?: RawFile | undefined
  /** Ends the call at any stage. */
  signal?: AbortSignal | undefined
  /** The call does not leave after it. */
  deadline?: Deadline | undefined
}

type ReplyAddress = Pick<Reply, 'applicationId' | 'token'>

export type Messages = ReturnType<typeof createMessages>

/** Discord's message calls, one function each. Their errors come from `@discordjs/rest` and must not be logged unfiltered. */
export function createMessages({ progress, brief, upload }: RestClients) {
  const queue = createSerialQueue()

  /** `queueKey`: the same for what the library sends one after the other. */
  async function edit(
    { route, auth, queueKey }: { route: `/${string}`; auth: boolean; queueKey: string },
    body: MessageBody,
    { bestEffort, file, signal, deadline }: EditOptions,
  ): Promise<PostedMessage> {
    if (!bestEffort) {
      const client = file ? upload : brief
      return parsePosted(await leaveBy(deadline, () => client.patch(route, { body, auth, signal, ...(file && { files: [file] }) })))
    }
    // A call in the library's queue cannot be aborted before sending without aborting it after sending, too. So it waits in a queue of our own.
    const timeout = AbortSignal.timeout(bestEffortMs)
    const send = () => leaveBy(bestEffort, () => progress.patch(route, { body, auth, signal: timeout }))
    return parsePosted(await queue.run(queueKey, AbortSignal.any([bestEffort.signal, timeout]), send))
  }

  /** A new message below the reply. Never retried: the member would read it twice. */
  async function followUp({ applicationId, token }: ReplyAddress, body: object, signal?: AbortSignal): Promise<PostedMessage> {
    // Without `wait` Discord responds before the message exists, and reports no error if it is never created.
    const query = new URLSearchParams({ wait: 'true' })
    return parsePosted(await brief.post(Routes.webhook(applicationId, token), { body, auth: false, query, signal }))
  }

  return {
    /** The reply to an interaction, by its token. The call leaves out the bot token: a rejection here must not count against it. */
    editReply(reply: Reply, body: MessageBody, options: EditOptions = {}): Promise<PostedMessage> {
      return edit({ route: replyRoute(reply), auth: false, queueKey: reply.interactionId }, body, options)
    },

    /** A message of the bot, by the bot token. Also works on public replies of any age. */
    editMessage({ channelId, messageId }: PostedMessage, body: MessageBody, options: EditOptions = {}): Promise<PostedMessage> {
      return edit({ route: Routes.channelMessage(channelId, messageId), auth: true, queueKey: channelId }, body, options)
    },

    /** The nonce (at most 25 characters) makes a retry safe for the few minutes that Discord remembers it. */
    async create(channelId: Snowflake, body: MessageBody, nonce: string, signal: AbortSignal): Promise<PostedMessage> {
      return parsePosted(await brief.post(Routes.channelMessages(channelId), { body: { ...body, nonce, enforce_nonce: true }, signal }))
    },

    async readReply(reply: Reply): Promise<ChannelMessage> {
      return ChannelMessage.parse(await brief.get(replyRoute(reply), { auth: false }))
    },

    async readMessage({ channelId, messageId }: PostedMessage): Promise<ChannelMessage> {
      return ChannelMessage.parse(await brief.get(Routes.channelMessage(channelId, messageId)))
    },

    /**
     * This application's newest message after `afterId` that contains `marker`. Searches a limited number of pages, newest first, because a message
     * left behind by a crash is recent.
     */
    async findMarked(wanted: Record<'channelId' | 'authorId' | 'afterId' | 'marker', string>, signal: AbortSignal) {
      const { channelId, authorId, afterId, marker } = wanted
      let before: Snowflake | undefined
      for (let page = 0; page < maxPages; page += 1) {
        const query = new URLSearchParams({ limit: String(pageLength), ...(before !== undefined && { before }) })
        const messages = z.array(ChannelMessage).parse(await brief.get(Routes.channelMessages(channelId), { query, signal }))
        const recent = messages.filter(({ id }) => BigInt(id) > BigInt(afterId))
        const found = recent.find((message) => message.author.id === authorId && contains(message, marker))
        if (found) return parsePosted(found)
        before = recent.at(-1)?.id
        if (recent.length < pageLength || before === undefined) return undefined
      }
      return undefined
    },

    /** Replaces a reply, by text only if it has no components: a message never gets rid of them. */
    async writeReply(reply: ReplyAddress, content: string | MessageBody, signal?: AbortSignal): Promise<PostedMessage> {
      const body = typeof content === 'string' ? { content, allowed_mentions: { parse: [] } } : content
      return parsePosted(await brief.patch(replyRoute(reply), { body, auth: false, signal }))
    },

    async deleteReply(reply: ReplyAddress): Promise<void> {
      await brief.delete(replyRoute(reply), { auth: false })
    },

    followUpPrivately(reply: ReplyAddress, content: string): Promise<PostedMessage> {
      return followUp(reply, { content, flags: MessageFlags.Ephemeral, allowed_mentions: { parse: [] } })
    },

    mentionByToken(
      reply: Reply,
      { memberId, content }: { memberId: Snowflake; content: string },
      signal: AbortSignal,
    ): Promise<PostedMessage> {
      return followUp(reply, { content, allowed_mentions: { parse: [], users: [memberId] } }, signal)
    },

    /** Mentions the member in the bot's reply to the message that carries the clip. The nonce is as in `create`. */
    async mentionInChannel(
      { channelId, messageId }: PostedMessage,
      { memberId, content, nonce }: { memberId: Snowflake; content: string; nonce: string },
      signal: AbortSignal,
    ): Promise<void> {
      const allowedMentions = { parse: [], users: [memberId], replied_user: false }
      const body = { content, allowed_mentions: allowedMentions, nonce, enforce_nonce: true }
      const reference = { message_reference: { message_id: messageId, fail_if_not_exists: false } }
      try {
        await brief.post(Routes.channelMessages(channelId), { body: { ...body, ...reference }, signal })
      } catch (error) {
        // Discord posted nothing, and the content links to the clip even without the reference.
        if (!hasCode(error, RESTJSONErrorCodes.CannotReplyWithoutPermissionToReadMessageHistory)) throw error
        await brief.post(Routes.channelMessages(channelId), { body, signal })
      }
    },
  }
}

/** Milliseconds, the time in the queue included. An edit by token and then by bot token takes twice as long; `longestEditMs` allows for it. */
const bestEffortMs = 5000

const pageLength = 100
const maxPages = 5

function replyRoute({ applicationId, token }: ReplyAddress) {
  return Routes.webhookMessage(applicationId, token, '@original')
}

function parsePosted(response: unknown): PostedMessage {
  const message = Posted.parse(response)
  return { channelId: message.channel_id, messageId: message.id }
}

/** Whether a text, link or file of the message contains the marker. */
export function contains({ content, components, attachments }: ChannelMessage, marker: string): boolean {
  return JSON.stringify([content, components, attachments]).includes(JSON.stringify(marker).slice(1, -1))
}

const Posted = z.object({ id: z.string(), channel_id: z.string() })
const ChannelMessage = Posted.extend({
  author: z.object({ id: z.string() }),
  content: z.unknown().optional(),
  components: z.unknown().optional(),
  attachments: z.unknown().optional(),
})
export type ChannelMessage = z.infer<typeof ChannelMessage>
