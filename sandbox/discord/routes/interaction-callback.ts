import { type ApiCall, type ApiResponse, param, route } from '../http/route.ts'
import { refuse } from '../model/errors.ts'
import { issue, refuseForm } from '../model/form-issues.ts'
import { callbackTypes, interactionTypes, type StoredInteraction, type SuggestedChoice } from '../model/interaction.ts'
import { hasFlag, messageFlags, type MessageForm, type StoredMessage } from '../model/message.ts'
import { planAttachments } from '../validation/attachment-plan.ts'
import { choiceIssues } from '../validation/choice-rules.ts'
import { checkMessageForm } from '../validation/message-form.ts'
import { requestIssues } from '../validation/spec.ts'
import type { World } from '../world/world.ts'
import { refuseLargeFiles, replyTo, settableFlags } from './message-writing.ts'

const { message, deferredMessage, deferredUpdate, update, autocomplete, modal } = callbackTypes
const allowedTypes: Record<StoredInteraction['kind'], readonly number[]> = {
  command: [message, deferredMessage, modal],
  component: [message, deferredMessage, deferredUpdate, update, modal],
  autocomplete: [autocomplete],
}

export const interactionCallbackRoutes = [
  route('POST /interactions/:interaction/:token/callback', 'create_interaction_response', acknowledge),
]

interface Callback {
  interaction: StoredInteraction
  type: number
  form: MessageForm
}

function acknowledge(call: ApiCall, world: World): ApiResponse {
  const interaction = world.interactions.toAcknowledge(param(call, 'interaction'), param(call, 'token'))
  refuseLargeFiles(call.files, interaction.attachmentSizeLimit)
  // The schema neither knows the option's type nor reports which choice is wrong; these rules do.
  if (interaction.focusedType !== undefined) refuseForm(choiceIssues(call.json, interaction.focusedType))
  refuseForm(requestIssues('create_interaction_response', call.json))
  const { type, data } = call.json as { type: number; data?: (MessageForm & { choices?: SuggestedChoice[] | null }) | null }
  const allowed = allowedTypes[interaction.kind]
  if (!allowed.includes(type)) refuseForm([issue(['type'], 'BASE_TYPE_CHOICES', `Value must be one of {${allowed.join(', ')}}.`)])
  const original = respond({ interaction, type, form: data ?? {} }, call, world)
  interaction.callbackType = type
  if (type === autocomplete) interaction.choices = data?.choices ?? []
  interaction.originalId = original?.id
  world.changes.announce({ kind: 'acknowledged', interactionId: interaction.id })
  if (call.query.get('with_response') !== 'true') return { status: 204 }
  return { status: 200, body: callbackPayload(interaction, type, original, world) }
}

/** Carries out the callback; returns what `@original` means from now on. */
function respond({ interaction, type, form }: Callback, call: ApiCall, world: World): StoredMessage | undefined {
  if (type === deferredMessage) {
    // Discord takes only EPHEMERAL from the flags and silently ignores the others (discord-api-docs issue 7910).
    const flags = messageFlags.loading | ((form.flags ?? 0) & messageFlags.ephemeral)
    if (!hasFlag({ flags }, messageFlags.ephemeral)) world.threads.openForMessage(interaction.channelId)
    return world.messages.create({ ...replyTo(interaction), flags }, {}, planAttachments(undefined, [], undefined))
  }
  if (type === message) {
    const plan = planAttachments(form.attachments, call.files, undefined)
    checkMessageForm(form, plan, undefined, ['data'])
    const flags = settableFlags(form)
    if (!hasFlag({ flags }, messageFlags.ephemeral)) world.threads.openForMessage(interaction.channelId)
    return world.messages.create({ ...replyTo(interaction), flags }, form, plan)
  }
  const source = world.messages.get(interaction.sourceMessageId)
  if (type !== update) return type === deferredUpdate ? source : undefined
  if (!source) throw refuse.unknownMessage()
  const plan = planAttachments(form.attachments, call.files, source.attachments)
  checkMessageForm(form, plan, source, ['data'])
  return world.messages.edit(source, form, plan)
}

/** The specification knows a resource for types 4 and 7 only, so the response to a deferred reply has only the message's id. */
function callbackPayload(interaction: StoredInteraction, type: number, original: StoredMessage | undefined, world: World): unknown {
  const { id, kind, channelId, guildId } = interaction
  return {
    interaction: {
      id,
      type: interactionTypes[kind],
      ...(original && {
        response_message_id: original.id,
        response_message_loading: hasFlag(original, messageFlags.loading),
        response_message_ephemeral: hasFlag(original, messageFlags.ephemeral),
      }),
      channel_id: channelId,
      guild_id: guildId,
    },
    ...(original && (type === message || type === update) && { resource: { type, message: world.messagePayload(original) } }),
  }
}
