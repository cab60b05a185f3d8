import type { RawFile } from 'discord.js'
import { MessageFlags, RESTJSONErrorCodes, Routes } from 'discord.js'
import { z } from 'zod'

import type { Snowflake } from '../../domain/ids.ts'
import type { Reply } from '../../generations/model/generation.ts'
import type { PostedMessage } from '../../generations/model/delivery-port.ts'

import { hasCode } from './errors.ts'
import { createLanes } from './serial-queue.ts'
import type { MessageBody } from '../cards/components.ts'
import type { RestClients } from './clients.ts'

export interface EditOptions {
  /** This content is soon overtaken: it is rather dropped than kept waiting, and called off by this as long as it has not left. */
  passing?: AbortSignal | undefined
  file?: RawFile | undefined
  /** Ends the call, wherever it stands. */
  signal?: AbortSignal | undefined
}

export type Messages = ReturnType<typeof createMessages>

/** Discord's calls on messages, one function each. They throw what `@discordjs/rest` throws, which must not be logged as it is. */
export function createMessages(clients: RestClients) {
  const lanes = createLanes()

  function edit(route: `/${string}`, auth: boolean, body: MessageBody, { file, signal }: EditOptions): Promise<PostedMessage> {
    const client = file ? clients.upload : clients.brief
    return within(signal, () => client.patch(route, { body, auth, signal, ...(file && { files: [file] }) }).then(parseMessage))
  }

  /**
   * The client sends the calls to one channel (or by one token) one after the other, and what waits in there nobody can call off without
   * calling off what has left. So it waits in a lane of ours, and its time counts from here.
   */
  function editPassing(
    route: `/${string}`,
    lane: string,
    auth: boolean,
    body: MessageBody,
    calledOff: AbortSignal,
  ): Promise<PostedMessage> {
    const signal = AbortSignal.timeout(passingEditMs)
    const send = () => clients.passing.patch(route, { body, auth, signal }).then(parseMessage)
    return lanes.take(lane, AbortSignal.any([calledOff, signal]), () => within(signal, send))
  }

  return {
    /** The reply to an interaction, by its token. The bot token is not sent: a refusal here must not count against it. */
    editReply(reply: Reply, body: MessageBody, options: EditOptions = {}): Promise<PostedMessage> {
      const route = Routes.webhookMessage(reply.applicationId, reply.token, '@original')
      if (options.passing) return editPassing(route, reply.interactionId, false, body, options.passing)
      return edit(route, false, body, options)
    },

    /** A message of the bot's own, by the bot token. Works on public replies too, at any age. */
    editMessage({ channelId, messageId }: PostedMessage, body: MessageBody, options: EditOptions = {}): Promise<PostedMessage> {
      const route = Routes.channelMessage(channelId, messageId)
      if (options.passing) return editPassing(route, channelId, true, body, options.passing)
      return edit(route, true, body, options)
    },

    /** `nonce` (at most 25 characters) makes it harmless to repeat, for the few minutes that Discord remembers it. */
    create(channelId: Snowflake, body: MessageBody, nonce: string, signal?: AbortSignal): Promise<PostedMessage> {
      return within(signal, () =>
        clients.brief.post(Routes.channelMessages(channelId), { body: { ...body, nonce, enforce_nonce: true }, signal }).then(parseMessage),
      )
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
    async findOwn(
      { channelId, authorId, afterId, marker }: { channelId: Snowflake; authorId: Snowflake; afterId: Snowflake; marker: string },
      signal?: AbortSignal,
    ): Promise<PostedMessage | undefined> {
      let before: Snowflake | undefined
      for (let page = 0; page < pagesSearched; page += 1) {
        const query = new URLSearchParams({ limit: String(pageLength), ...(before !== undefined && { before }) })
        const found = z.array(Standing).parse(await clients.brief.get(Routes.channelMessages(channelId), { query, signal }))
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
      const body = { content, allowed_mentions: { parse: [], users: [memberId], replied_user: false } }
      const reference = { message_reference: { message_id: messageId, fail_if_not_exists: false } }
      try {
        await clients.brief.post(Routes.channelMessages(channelId), { body: { ...body, ...reference } })
      } catch (error) {
        // Nothing was said, and the words name the clip by its link anyway.
        if (!hasCode(error, RESTJSONErrorCodes.CannotReplyWithoutPermissionToReadMessageHistory)) throw error
        await clients.brief.post(Routes.channelMessages(channelId), { body })
      }
    },
  }
}

/** Milliseconds from when it is asked for, the waiting included. An edit by token and then by bot token takes twice that; card-turns.ts counts on it. */
const passingEditMs = 5000

/** The client heeds a signal while a call waits its turn or is on its way, but not while it sits out a rate limit. */
async function within<Result>(signal: AbortSignal | undefined, call: () => Promise<Result>): Promise<Result> {
  if (!signal) return call()
  signal.throwIfAborted()
  const over = Promise.withResolvers<never>()
  const end = () => over.reject(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([call(), over.promise])
  } catch (error) {
    throw signal.aborted ? signal.reason : error
  } finally {
    signal.removeEventListener('abort', end)
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
