import { type ApiAnswer, type ApiCall, param, type Route } from '../http/route.ts'
import type { ChannelRecord } from '../model/directory.ts'
import { refuse, refuseForm } from '../model/errors.ts'
import { hasFlag, messageFlags, type MessageForm, type StoredMessage } from '../model/message.ts'
import { allows, demand } from '../model/permissions.ts'
import { channelPayload } from '../payloads/channels.ts'
import type { World } from '../world/world.ts'
import { readMessageForm, refuseLargeFiles, settableFlags } from './message-writing.ts'

const maximumRequestBytes = 25 * 1024 * 1024
/** For how long a nonce that is enforced finds the message it made. */
const nonceLifetimeMs = 5 * 60 * 1000

/** The channel and what the bot may do in it. A guild without the bot shows it nothing. */
function access(call: ApiCall, world: World): { channel: ChannelRecord; permissions: bigint } {
  const channel = world.directory.channels.get(param(call, 'channel'))
  if (!channel) throw refuse.unknownChannel()
  const permissions = world.directory.botPermissionsIn(channel)
  if (permissions === undefined) throw refuse.missingAccess()
  demand(permissions)
  return { channel, permissions }
}

/** Ephemeral messages do not exist for the bot's token. */
function messageIn(channel: ChannelRecord, id: string | undefined, world: World): StoredMessage | undefined {
  const message = world.messages.get(id)
  return message?.channelId === channel.id && !hasFlag(message, messageFlags.ephemeral) ? message : undefined
}

function demandToWrite(permissions: bigint, channel: ChannelRecord, call: ApiCall, world: World): void {
  demand(permissions, channel.kind === 'thread' ? 'SendMessagesInThreads' : 'SendMessages')
  if (call.files.length > 0) demand(permissions, 'AttachFiles')
  const recipient = channel.recipientId
  if (recipient !== undefined && !world.directory.sharedGuilds(recipient).some(({ acceptsDirectMessages }) => acceptsDirectMessages)) {
    throw refuse.cannotMessageUser()
  }
}

function createMessage(call: ApiCall, world: World): ApiAnswer {
  const { channel, permissions } = access(call, world)
  demandToWrite(permissions, channel, call, world)
  if (call.bytes > maximumRequestBytes) throw refuse.tooLarge()
  refuseLargeFiles(call.files, world.uploadLimitIn(channel))
  const { form, plan } = readMessageForm('create_message', call, undefined)
  const repeated = sameNonce(form, channel, world)
  if (repeated) return { status: 200, body: world.messagePayload(repeated) }
  const repliesTo = readReference(form, channel, permissions, world)
  const message = world.messages.create(
    {
      channelId: channel.id,
      guildId: channel.guildId,
      type: repliesTo === undefined ? 0 : 19,
      flags: settableFlags(form) & ~messageFlags.ephemeral,
      repliesTo,
      mayMentionEveryone: allows(permissions, 'MentionEveryone'),
    },
    form,
    plan,
  )
  return { status: 200, body: world.messagePayload(message) }
}

function sameNonce(form: MessageForm, channel: ChannelRecord, world: World): StoredMessage | undefined {
  if (!form.enforce_nonce || form.nonce === undefined || form.nonce === null) return undefined
  return world.messages
    .inChannel(channel.id)
    .find((message) => message.nonce === String(form.nonce) && world.clock.now() - Date.parse(message.createdAt) < nonceLifetimeMs)
}

function readReference(form: MessageForm, channel: ChannelRecord, permissions: bigint, world: World): string | undefined {
  const reference = form.message_reference
  if (!reference) return undefined
  if (!allows(permissions, 'ReadMessageHistory')) throw refuse.cannotReplyWithoutHistory()
  if (messageIn(channel, reference.message_id, world)) return reference.message_id
  if (reference.fail_if_not_exists === false) return undefined
  refuseForm([{ path: ['message_reference'], code: 'REPLIES_UNKNOWN_MESSAGE', message: 'Unknown message' }])
  return undefined
}

function listMessages(call: ApiCall, world: World): ApiAnswer {
  const { channel, permissions } = access(call, world)
  if (!allows(permissions, 'ReadMessageHistory')) return { status: 200, body: [] }
  const { before, after, limit } = readPage(call.query)
  const found = world.messages
    .inChannel(channel.id)
    .filter((message) => !hasFlag(message, messageFlags.ephemeral))
    .filter(({ id }) => (before === undefined || BigInt(id) < before) && (after === undefined || BigInt(id) > after))
  const page = after === undefined ? found.slice(-limit) : found.slice(0, limit)
  return { status: 200, body: page.toReversed().map((message) => world.messagePayload(message)) }
}

function readPage(query: URLSearchParams): { before: bigint | undefined; after: bigint | undefined; limit: number } {
  const limit = Number(query.get('limit') ?? 50)
  if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
    refuseForm([{ path: ['limit'], code: 'NUMBER_TYPE_MAX', message: 'int value should be between 1 and 100.' }])
  }
  const bound = (name: string) => {
    const value = query.get(name)
    if (value === null) return undefined
    if (!/^\d{1,20}$/.test(value)) refuseForm([{ path: [name], code: 'NUMBER_TYPE_COERCE', message: 'Value is not snowflake.' }])
    return BigInt(value)
  }
  return { before: bound('before'), after: bound('after'), limit }
}

function getMessage(call: ApiCall, world: World): ApiAnswer {
  const { channel, permissions } = access(call, world)
  demand(permissions, 'ReadMessageHistory')
  const message = messageIn(channel, param(call, 'message'), world)
  if (!message) throw refuse.unknownMessage()
  return { status: 200, body: world.messagePayload(message) }
}

function editMessage(call: ApiCall, world: World): ApiAnswer {
  const { channel, permissions } = access(call, world)
  demandToWrite(permissions, channel, call, world)
  const message = messageIn(channel, param(call, 'message'), world)
  if (!message) throw refuse.unknownMessage()
  refuseLargeFiles(call.files, world.uploadLimitIn(channel))
  const { form, plan } = readMessageForm('update_message', call, message)
  return { status: 200, body: world.messagePayload(world.messages.edit(message, form, plan)) }
}

function deleteMessage(call: ApiCall, world: World): ApiAnswer {
  const { channel } = access(call, world)
  const message = messageIn(channel, param(call, 'message'), world)
  if (!message) throw refuse.unknownMessage()
  world.messages.delete(message)
  return { status: 204 }
}

export const channelRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/channels/:channel',
    operation: 'get_channel',
    needsBot: true,
    answer: (call, world) => ({ status: 200, body: channelPayload(access(call, world).channel, world.directory) }),
  },
  {
    method: 'POST',
    path: '/channels/:channel/typing',
    operation: 'trigger_typing_indicator',
    needsBot: true,
    answer: (call, world) => {
      const { channel, permissions } = access(call, world)
      demandToWrite(permissions, channel, call, world)
      return { status: 204 }
    },
  },
  { method: 'GET', path: '/channels/:channel/messages', operation: 'list_messages', needsBot: true, answer: listMessages },
  { method: 'POST', path: '/channels/:channel/messages', operation: 'create_message', needsBot: true, answer: createMessage },
  { method: 'GET', path: '/channels/:channel/messages/:message', operation: 'get_message', needsBot: true, answer: getMessage },
  { method: 'PATCH', path: '/channels/:channel/messages/:message', operation: 'update_message', needsBot: true, answer: editMessage },
  { method: 'DELETE', path: '/channels/:channel/messages/:message', operation: 'delete_message', needsBot: true, answer: deleteMessage },
]
