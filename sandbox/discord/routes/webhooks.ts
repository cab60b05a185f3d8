import { type ApiCall, type ApiResponse, type Handler, param, route } from '../http/route.ts'
import { refuseEditIfClosed } from '../model/channel-access.ts'
import { refuse } from '../model/errors.ts'
import type { StoredInteraction } from '../model/interaction.ts'
import { hasFlag, messageFlags, type StoredMessage } from '../model/message.ts'
import type { World } from '../world/world.ts'
import { followUpTo, messageResponse, readMessageForm, refuseLargeFiles, settableFlags } from './message-writing.ts'

const webhook = '/webhooks/:application/:token'

/** The reply and the follow-ups, with the interaction's token. */
export const webhookRoutes = [
  route(`POST ${webhook}`, 'execute_webhook', followUp),
  route(`GET ${webhook}/messages/@original`, 'get_original_webhook_message', getMessage),
  route(`PATCH ${webhook}/messages/@original`, 'update_original_webhook_message', editWith('update_original_webhook_message')),
  route(`DELETE ${webhook}/messages/@original`, 'delete_original_webhook_message', deleteMessage),
  route(`GET ${webhook}/messages/:message`, 'get_webhook_message', getMessage),
  route(`PATCH ${webhook}/messages/:message`, 'update_webhook_message', editWith('update_webhook_message')),
  route(`DELETE ${webhook}/messages/:message`, 'delete_webhook_message', deleteMessage),
]

function interactionOf(call: ApiCall, world: World): StoredInteraction {
  if (param(call, 'application') !== world.applicationId) throw refuse.unknownWebhook()
  return world.interactions.byToken(param(call, 'token'))
}

/** A token reaches only its own reply and follow-ups. */
function messageOf(call: ApiCall, interaction: StoredInteraction, world: World): StoredMessage {
  const id = call.params['message'] ?? interaction.originalId
  const own = id === interaction.originalId || interaction.followUpIds.includes(id ?? '')
  const message = own ? world.messages.get(id) : undefined
  if (!message) throw refuse.unknownMessage()
  return message
}

function getMessage(call: ApiCall, world: World): ApiResponse {
  return messageResponse(messageOf(call, interactionOf(call, world), world), world)
}

function deleteMessage(call: ApiCall, world: World): ApiResponse {
  world.messages.delete(messageOf(call, interactionOf(call, world), world))
  return { status: 204 }
}

function editWith(operation: string): Handler {
  return (call, world) => {
    const interaction = interactionOf(call, world)
    const message = messageOf(call, interaction, world)
    refuseClosedThread(message, world)
    refuseLargeFiles(call.files, interaction.attachmentSizeLimit)
    const { form, plan } = readMessageForm(operation, call, message)
    world.oldEdits.count(message)
    return messageResponse(world.messages.edit(message, form, plan), world)
  }
}

/** The token gives no more rights in a closed thread; what only the member sees is let through (discord-api-docs issue 6884). */
function refuseClosedThread(message: StoredMessage, { directory }: World): void {
  const channel = directory.channels.get(message.channelId)
  if (!channel || hasFlag(message, messageFlags.ephemeral)) return
  refuseEditIfClosed(channel, directory.botPermissionsIn(channel))
}

function followUp(call: ApiCall, world: World): ApiResponse {
  const interaction = interactionOf(call, world)
  refuseLargeFiles(call.files, interaction.attachmentSizeLimit)
  const original = world.messages.get(interaction.originalId)
  const { form, plan } = readMessageForm('execute_webhook', call, undefined)
  // The first follow-up to a deferred reply becomes that reply and keeps its visibility.
  if (original && hasFlag(original, messageFlags.loading)) {
    refuseClosedThread(original, world)
    return messageResponse(world.messages.edit(original, form, plan), world)
  }
  const flags = settableFlags(form)
  if (!hasFlag({ flags }, messageFlags.ephemeral)) world.threads.openForMessage(interaction.channelId)
  const message = world.messages.create({ ...followUpTo(interaction), flags }, form, plan)
  interaction.followUpIds.push(message.id)
  world.changes.announce({ kind: 'acknowledged', interactionId: interaction.id })
  return messageResponse(message, world)
}
