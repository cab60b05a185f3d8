import type { ApiCall, ApiResponse } from '../http/route.ts'
import { refuse } from '../model/errors.ts'
import type { UploadedFile } from '../model/files.ts'
import { refuseForm } from '../model/form-issues.ts'
import { interactionTypes, type StoredInteraction } from '../model/interaction.ts'
import { messageFlags, type MessageForm, type MessageStart, type PlannedAttachments, type StoredMessage } from '../model/message.ts'
import { planAttachments } from '../validation/attachment-plan.ts'
import { checkMessageForm } from '../validation/message-form.ts'
import { requestIssues } from '../validation/spec.ts'
import type { World } from '../world/world.ts'

const chatInputReply = 20
const plainMessage = 0

/** The flags that a request may set on a new message. */
export function settableFlags(form: MessageForm): number {
  const { suppressEmbeds, ephemeral, suppressNotifications, componentsV2 } = messageFlags
  return (form.flags ?? 0) & (suppressEmbeds | ephemeral | suppressNotifications | componentsV2)
}

/** Discord limits each file; only Create Message limits the whole request as well. */
export function refuseLargeFiles(files: readonly UploadedFile[], limitBytes: number): void {
  if (files.some(({ bytes }) => bytes.length > limitBytes)) throw refuse.tooLarge()
}

/** The message of the request, after every check that does not depend on the sender. */
export function readMessageForm(
  operation: string,
  call: ApiCall,
  existing: StoredMessage | undefined,
): { form: MessageForm; plan: PlannedAttachments } {
  refuseForm(requestIssues(operation, call.json))
  const form = call.json as MessageForm
  const plan = planAttachments(form.attachments, call.files, existing?.attachments)
  checkMessageForm(form, plan, existing)
  return { form, plan }
}

export function messageResponse(message: StoredMessage, world: World): ApiResponse {
  return { status: 200, body: world.messagePayload(message) }
}

/** The reply to an interaction, without its flags. */
export function replyTo(interaction: StoredInteraction): Omit<MessageStart, 'flags'> {
  const { id, kind, userId, guildId, channelId, sourceMessageId } = interaction
  return {
    channelId,
    guildId,
    type: kind === 'command' ? chatInputReply : plainMessage,
    interaction: { id, type: interactionTypes[kind], userId, guildId, pressedMessageId: sourceMessageId },
  }
}

/** A follow-up comes from the same interaction, but is a plain message. */
export function followUpTo(interaction: StoredInteraction): Omit<MessageStart, 'flags'> {
  return { ...replyTo(interaction), type: plainMessage }
}
