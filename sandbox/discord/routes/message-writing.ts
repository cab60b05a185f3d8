import type { ApiCall } from '../http/route.ts'
import { refuse, refuseForm } from '../model/errors.ts'
import { interactionTypes, type StoredInteraction } from '../model/interaction.ts'
import { messageFlags, type MessageForm, type PlannedAttachments, type StoredMessage } from '../model/message.ts'
import type { UploadedFile } from '../model/uploaded-file.ts'
import { planAttachments } from '../validation/attachment-plan.ts'
import { checkMessageForm } from '../validation/message-form.ts'
import { requestIssues } from '../validation/spec.ts'
import type { NewMessage } from '../world/messages.ts'

const chatInputReply = 20
const plainMessage = 0

/** The flags that a request may set on a message of its own. */
export function settableFlags(form: MessageForm): number {
  const { suppressEmbeds, ephemeral, suppressNotifications, componentsV2 } = messageFlags
  return (form.flags ?? 0) & (suppressEmbeds | ephemeral | suppressNotifications | componentsV2)
}

/** Discord measures every file on its own; only Create Message has a limit on the request as well. */
export function refuseLargeFiles(files: readonly UploadedFile[], limitBytes: number): void {
  if (files.some(({ bytes }) => bytes.length > limitBytes)) throw refuse.tooLarge()
}

/** A message as the request wants it, after every check that does not depend on who asks. */
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

/** Where a message posted through an interaction stands and what it says about its origin. */
export function interactionOrigin(interaction: StoredInteraction): Omit<NewMessage, 'flags'> {
  return {
    channelId: interaction.channelId,
    guildId: interaction.guildId,
    type: interaction.kind === 'command' ? chatInputReply : plainMessage,
    interaction: {
      id: interaction.id,
      type: interactionTypes[interaction.kind],
      userId: interaction.userId,
      ownerKeys: interaction.installedBy === 'guild' ? { 0: interaction.guildId } : { 1: interaction.userId },
      pressedMessageId: interaction.sourceMessageId,
    },
    mayMentionEveryone: false,
  }
}

/** A follow-up is a plain message from the same origin. */
export function followUpOrigin(interaction: StoredInteraction): Omit<NewMessage, 'flags'> {
  return { ...interactionOrigin(interaction), type: plainMessage }
}
