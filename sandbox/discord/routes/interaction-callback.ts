import { type ApiCall, param, type Route } from '../http/route.ts'
import { refuse, refuseForm } from '../model/errors.ts'
import { callbackTypes, interactionTypes, type StoredInteraction, type SuggestedChoice } from '../model/interaction.ts'
import { messageFlags, type MessageForm, type StoredMessage } from '../model/message.ts'
import { planAttachments } from '../validation/attachment-plan.ts'
import { choiceIssues } from '../validation/choice-rules.ts'
import { checkMessageForm } from '../validation/message-form.ts'
import { requestIssues } from '../validation/spec.ts'
import type { World } from '../world/world.ts'
import { interactionOrigin, refuseLargeFiles, settableFlags } from './message-writing.ts'

const allowedTypes: Record<StoredInteraction['kind'], readonly number[]> = {
  command: [callbackTypes.message, callbackTypes.deferredMessage, callbackTypes.modal],
  component: [
    callbackTypes.message,
    callbackTypes.deferredMessage,
    callbackTypes.deferredUpdate,
    callbackTypes.update,
    callbackTypes.modal,
  ],
  autocomplete: [callbackTypes.autocomplete],
}

export const interactionCallbackRoutes: readonly Route[] = [
  {
    method: 'POST',
    path: '/interactions/:interaction/:token/callback',
    operation: 'create_interaction_response',
    needsBot: false,
    answer: (call, world) => {
      const interaction = world.interactions.toAcknowledge(param(call, 'interaction'), param(call, 'token'))
      refuseLargeFiles(call.files, interaction.attachmentSizeLimit)
      // The schema does not know the option's type, and what is wrong with a choice it does not say where; these rules do.
      if (interaction.focusedType !== undefined) refuseForm(choiceIssues(call.json, interaction.focusedType))
      refuseForm(requestIssues('create_interaction_response', call.json))
      const { type, data } = call.json as { type: number; data?: (MessageForm & { choices?: SuggestedChoice[] | null }) | null }
      if (!allowedTypes[interaction.kind].includes(type)) {
        refuseForm([
          { path: ['type'], code: 'BASE_TYPE_CHOICES', message: `Value must be one of {${allowedTypes[interaction.kind].join(', ')}}.` },
        ])
      }
      const message = respond(type, data ?? {}, { interaction, call, world })
      interaction.callbackType = type
      if (type === callbackTypes.autocomplete) interaction.choices = data?.choices ?? []
      interaction.originalId = message?.id
      world.changes.announce({ kind: 'acknowledged', interactionId: interaction.id })
      if (call.query.get('with_response') !== 'true') return { status: 204 }
      return { status: 200, body: callbackAnswer(interaction, type, message, world) }
    },
  },
]

/** Does what the callback says; returns what `@original` means from now on. */
function respond(
  type: number,
  form: MessageForm,
  about: { interaction: StoredInteraction; call: ApiCall; world: World },
): StoredMessage | undefined {
  const { interaction, call, world } = about
  const start = interactionOrigin(interaction)
  if (type === callbackTypes.deferredMessage) {
    // Of the flags only EPHEMERAL is taken over; Discord ignores the others without a word (discord-api-docs issue 7910).
    const flags = messageFlags.loading | ((form.flags ?? 0) & messageFlags.ephemeral)
    return world.messages.create({ ...start, flags }, {}, planAttachments(undefined, [], undefined))
  }
  if (type === callbackTypes.message) {
    const plan = planAttachments(form.attachments, call.files, undefined)
    checkMessageForm(form, plan, undefined, ['data'])
    return world.messages.create({ ...start, flags: settableFlags(form) }, form, plan)
  }
  const source = world.messages.get(interaction.sourceMessageId)
  if (type !== callbackTypes.update) return type === callbackTypes.deferredUpdate ? source : undefined
  if (!source) throw refuse.unknownMessage()
  const plan = planAttachments(form.attachments, call.files, source.attachments)
  checkMessageForm(form, plan, source, ['data'])
  return world.messages.edit(source, form, plan)
}

/** The specification knows a resource for types 4 and 7 only, so a deferred reply answers with the message's id and no more. */
function callbackAnswer(interaction: StoredInteraction, type: number, message: StoredMessage | undefined, world: World): unknown {
  const withMessage = message !== undefined && (type === callbackTypes.message || type === callbackTypes.update)
  return {
    interaction: {
      id: interaction.id,
      type: interactionTypes[interaction.kind],
      ...(message && {
        response_message_id: message.id,
        response_message_loading: (message.flags & messageFlags.loading) !== 0,
        response_message_ephemeral: (message.flags & messageFlags.ephemeral) !== 0,
      }),
      channel_id: interaction.channelId,
      guild_id: interaction.guildId,
    },
    ...(withMessage && { resource: { type, message: world.messagePayload(message) } }),
  }
}
