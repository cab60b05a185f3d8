import { type FormIssue, refuse, refuseForm } from '../model/errors.ts'
import {
  hasFlag,
  messageFlags,
  type MessageForm,
  type PlannedAttachments,
  type StoredAttachment,
  type StoredMessage,
  textsOf,
} from '../model/message.ts'
import { componentIssues } from './component-rules.ts'

const maximumContent = 2000
/** Twelve bytes for each Text Display and its UTF-8 text together; beyond it Discord answers 500 (discord-api-docs issue 8554). */
const maximumTextBytes = 10_170
const bytesPerText = 12

/**
 * Refuses what Discord refuses although the published schema lets it pass: 50035 with the place, 50006 for nothing to show, 500 for more
 * bytes of text than Discord can store. `base` is where the message stands in the request: `['data']` in an interaction's callback.
 */
export function checkMessageForm(
  form: MessageForm,
  plan: PlannedAttachments,
  existing: StoredMessage | undefined,
  base: readonly (string | number)[] = [],
): void {
  const componentsV2 =
    ((form.flags ?? 0) & messageFlags.componentsV2) !== 0 || (existing !== undefined && hasFlag(existing, messageFlags.componentsV2))
  const components = form.components ?? existing?.components ?? []
  const content = form.content === undefined ? (existing?.content ?? '') : (form.content ?? '')
  const embeds = form.embeds === undefined ? (existing?.embeds ?? []) : (form.embeds ?? [])
  const issues: FormIssue[] = [...plan.issues]
  if (content.length > maximumContent) {
    issues.push({ path: ['content'], code: 'BASE_TYPE_MAX_LENGTH', message: `Must be ${maximumContent} or fewer in length.` })
  }
  if (componentsV2) issues.push(...legacyIssues({ content, embeds, poll: form.poll, sticker_ids: form.sticker_ids }))
  if (form.components) issues.push(...componentIssues(form.components, { componentsV2, fileNames: fileNamesOf(plan) }))
  refuseForm(issues.map((issue) => ({ ...issue, path: [...base, ...issue.path] })))

  const shows = componentsV2
    ? components.length > 0
    : content !== '' ||
      embeds.length > 0 ||
      plan.kept.length + plan.added.length > 0 ||
      Boolean(form.poll) ||
      (form.sticker_ids?.length ?? 0) > 0
  if (!shows) throw refuse.emptyMessage()
  const textBytes = textsOf(components).reduce((sum, text) => sum + bytesPerText + Buffer.byteLength(text), 0)
  if (textBytes > maximumTextBytes) throw refuse.internal()
}

function legacyIssues(fields: {
  content: string
  embeds: unknown[]
  poll: unknown
  sticker_ids: string[] | null | undefined
}): FormIssue[] {
  const used = {
    content: fields.content !== '',
    embeds: fields.embeds.length > 0,
    poll: Boolean(fields.poll),
    sticker_ids: (fields.sticker_ids?.length ?? 0) > 0,
  }
  return Object.entries(used)
    .filter(([, isUsed]) => isUsed)
    .map(([field]) => ({
      path: [field],
      code: 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
      message: `The '${field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
    }))
}

function fileNamesOf(plan: PlannedAttachments): string[] {
  const names = (attachment: Pick<StoredAttachment, 'uploadedName' | 'filename'>) => [attachment.uploadedName, attachment.filename]
  return [...plan.kept.flatMap(names), ...plan.added.map(({ name }) => name)]
}
