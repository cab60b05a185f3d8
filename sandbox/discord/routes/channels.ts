import { type ApiCall, type ApiResponse, route } from '../http/route.ts'
import { refuseEditIfClosed } from '../model/channel-access.ts'
import type { ChannelRecord } from '../model/channels.ts'
import { refuse } from '../model/errors.ts'
import { issue, refuseForm } from '../model/form-issues.ts'
import { hasFlag, messageFlags, type MessageForm, type StoredMessage } from '../model/message.ts'
import { allows, demand } from '../model/permissions.ts'
import { channelPayload } from '../payloads/channels.ts'
import type { World } from '../world/world.ts'
import { access, accessToWrite, messageOf } from './channel-calls.ts'
import { messageResponse, readMessageForm, refuseLargeFiles, settableFlags } from './message-writing.ts'
import { forward, isForward, readReference } from './references.ts'

const maximumRequestBytes = 25 * 1024 * 1024
/** How long an enforced nonce is remembered. */
const nonceLifetimeMs = 5 * 60 * 1000

/** The channel and its messages, with the bot token. */
export const channelRoutes = [
  route('GET /channels/:channel', 'get_channel', getChannel),
  route('GET /channels/:channel/messages', 'list_messages', listMessages),
  route('POST /channels/:channel/messages', 'create_message', createMessage),
  route('GET /channels/:channel/messages/:message', 'get_message', getMessage),
  route('PATCH /channels/:channel/messages/:message', 'update_message', editMessage),
  route('DELETE /channels/:channel/messages/:message', 'delete_message', deleteMessage),
]

function getChannel(call: ApiCall, world: World): ApiResponse {
  return { status: 200, body: channelPayload(access(call, world).channel, world.directory) }
}

function createMessage(call: ApiCall, world: World): ApiResponse {
  const { channel, permissions } = accessToWrite(call, world)
  if (call.bytes > maximumRequestBytes) throw refuse.tooLarge()
  refuseLargeFiles(call.files, world.uploadLimitIn(channel.guildId))
  if (isForward(call.json)) return forward(call, channel, world)
  const { form, plan } = readMessageForm('create_message', call, undefined)
  const repeated = sameNonce(form, channel, world)
  if (repeated) return messageResponse(repeated, world)
  const repliesTo = readReference(form, { channel, permissions }, world)
  world.threads.openForMessage(channel.id)
  const start = {
    channelId: channel.id,
    guildId: channel.guildId,
    type: repliesTo === undefined ? 0 : 19,
    flags: settableFlags(form) & ~messageFlags.ephemeral,
    repliesTo,
  }
  return messageResponse(world.messages.create(start, form, plan, allows(permissions, 'MentionEveryone')), world)
}

function sameNonce(form: MessageForm, channel: ChannelRecord, world: World): StoredMessage | undefined {
  if (!form.enforce_nonce || form.nonce === undefined || form.nonce === null) return undefined
  return world.messages
    .inChannel(channel.id)
    .find((message) => message.nonce === String(form.nonce) && world.clock.now() - Date.parse(message.createdAt) < nonceLifetimeMs)
}

function listMessages(call: ApiCall, world: World): ApiResponse {
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
    refuseForm([issue(['limit'], 'NUMBER_TYPE_MAX', 'int value should be between 1 and 100.')])
  }
  const bound = (name: string) => {
    const value = query.get(name)
    if (value === null) return undefined
    if (!/^\d{1,20}$/.test(value)) refuseForm([issue([name], 'NUMBER_TYPE_COERCE', 'Value is not snowflake.')])
    return BigInt(value)
  }
  return { before: bound('before'), after: bound('after'), limit }
}

function getMessage(call: ApiCall, world: World): ApiResponse {
  const { channel, permissions } = access(call, world)
  demand(permissions, 'ReadMessageHistory')
  return messageResponse(messageOf(call, channel, world), world)
}

function editMessage(call: ApiCall, world: World): ApiResponse {
  // Editing needs no Send Messages (discord-api-docs pull request 3096); whether new files need Attach Files is not documented.
  const { channel, permissions } = access(call, world)
  if (call.files.length > 0) demand(permissions, 'AttachFiles')
  refuseEditIfClosed(channel, permissions)
  const message = messageOf(call, channel, world)
  refuseLargeFiles(call.files, world.uploadLimitIn(channel.guildId))
  const { form, plan } = readMessageForm('update_message', call, message)
  world.oldEdits.count(message)
  return messageResponse(world.messages.edit(message, form, plan), world)
}

function deleteMessage(call: ApiCall, world: World): ApiResponse {
  const { channel } = access(call, world)
  world.messages.delete(messageOf(call, channel, world))
  return { status: 204 }
}
