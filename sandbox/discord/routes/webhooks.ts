import { type ApiAnswer, type ApiCall, param, type Route } from '../http/route.ts'
import { refuse } from '../model/errors.ts'
import type { StoredInteraction } from '../model/interaction.ts'
import { hasFlag, messageFlags, type StoredMessage } from '../model/message.ts'
import type { World } from '../world/world.ts'
import { followUpOrigin, readMessageForm, refuseLargeFiles, settableFlags } from './message-writing.ts'

const followUpsWithoutGuildInstall = 5

function interactionOf(call: ApiCall, world: World): StoredInteraction {
  if (param(call, 'application') !== world.applicationId) throw refuse.unknownWebhook()
  return world.interactions.byToken(param(call, 'token'))
}

/** A token reaches its own reply and follow-ups, and nothing else. */
function messageOf(call: ApiCall, interaction: StoredInteraction, world: World): StoredMessage {
  const id = call.params['message'] ?? interaction.originalId
  const own = id === interaction.originalId || interaction.followUpIds.includes(id ?? '')
  const message = own ? world.messages.get(id) : undefined
  if (!message) throw refuse.unknownMessage()
  return message
}

function getMessage(call: ApiCall, world: World): ApiAnswer {
  return { status: 200, body: world.messagePayload(messageOf(call, interactionOf(call, world), world)) }
}

function deleteMessage(call: ApiCall, world: World): ApiAnswer {
  world.messages.delete(messageOf(call, interactionOf(call, world), world))
  return { status: 204 }
}

function editMessage(operation: string): Route['answer'] {
  return (call, world) => {
    const interaction = interactionOf(call, world)
    const message = messageOf(call, interaction, world)
    refuseLargeFiles(call.files, interaction.attachmentSizeLimit)
    const { form, plan } = readMessageForm(operation, call, message)
    return { status: 200, body: world.messagePayload(world.messages.edit(message, form, plan)) }
  }
}

function followUp(call: ApiCall, world: World): ApiAnswer {
  const interaction = interactionOf(call, world)
  refuseLargeFiles(call.files, interaction.attachmentSizeLimit)
  const original = world.messages.get(interaction.originalId)
  const { form, plan } = readMessageForm('execute_webhook', call, undefined)
  // The first follow-up to a reply that still says "thinking" becomes that reply, with the visibility of the reply.
  if (original && hasFlag(original, messageFlags.loading)) {
    return { status: 200, body: world.messagePayload(world.messages.edit(original, form, plan)) }
  }
  if (interaction.installedBy === 'user' && interaction.followUpIds.length >= followUpsWithoutGuildInstall) throw refuse.tooManyFollowUps()
  const message = world.messages.create({ ...followUpOrigin(interaction), flags: settableFlags(form) }, form, plan)
  interaction.followUpIds.push(message.id)
  world.changes.announce({ kind: 'acknowledged', interactionId: interaction.id })
  return { status: 200, body: world.messagePayload(message) }
}

const base = '/webhooks/:application/:token'

export const webhookRoutes: readonly Route[] = [
  { method: 'POST', path: base, operation: 'execute_webhook', needsBot: false, answer: followUp },
  { method: 'GET', path: `${base}/messages/@original`, operation: 'get_original_webhook_message', needsBot: false, answer: getMessage },
  {
    method: 'PATCH',
    path: `${base}/messages/@original`,
    operation: 'update_original_webhook_message',
    needsBot: false,
    answer: editMessage('update_original_webhook_message'),
  },
  {
    method: 'DELETE',
    path: `${base}/messages/@original`,
    operation: 'delete_original_webhook_message',
    needsBot: false,
    answer: deleteMessage,
  },
  { method: 'GET', path: `${base}/messages/:message`, operation: 'get_webhook_message', needsBot: false, answer: getMessage },
  {
    method: 'PATCH',
    path: `${base}/messages/:message`,
    operation: 'update_webhook_message',
    needsBot: false,
    answer: editMessage('update_webhook_message'),
  },
  { method: 'DELETE', path: `${base}/messages/:message`, operation: 'delete_webhook_message', needsBot: false, answer: deleteMessage },
]
