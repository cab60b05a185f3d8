import { refuse } from '../model/errors.ts'
import { below, type FormIssue, type FormPath, issue, refuseForm } from '../model/form-issues.ts'
import { hasFlag, messageFlags, type MessageForm, type PlannedAttachments, type StoredMessage, textsOf } from '../model/message.ts'
import { componentIssues } from './component-rules.ts'
import { embedIssues } from './embed-rules.ts'
import { mentionIssues } from './mention-rules.ts'

const maximumContent = 2000
/** Discord answers 500 to more text than this, counted as twelve bytes for each Text Display and its UTF-8 text (discord-api-docs issue 8554). */
const maximumTextBytes = 10_170
const bytesPerText = 12

/**
 * Refuses what Discord refuses although its published schema allows it: 50035 with the path, 50006 for an empty message, 500 for more text
 * than Discord can store. `base` is the message's path in the request: `['data']` in an interaction callback.
 */
export function checkMessageForm(
  form: MessageForm,
  plan: PlannedAttachments,
  existing: StoredMessage | undefined,
  base: FormPath = [],
): void {
  const { componentsV2: flag } = messageFlags
  const componentsV2 = ((form.flags ?? 0) & flag) !== 0 || (existing !== undefined && hasFlag(existing, flag))
  const components = form.components === undefined ? (existing?.components ?? []) : (form.components ?? [])
  const content = form.content === undefined ? (existing?.content ?? '') : (form.content ?? '')
  const embeds = form.embeds === undefined ? (existing?.embeds ?? []) : (form.embeds ?? [])
  const issues: FormIssue[] = [...plan.issues, ...mentionIssues(form.allowed_mentions), ...embedIssues(form.embeds ?? [])]
  if (content.length > maximumContent) {
    issues.push(issue(['content'], 'BASE_TYPE_MAX_LENGTH', `Must be ${maximumContent} or fewer in length.`))
  }
  if (componentsV2 && content !== '') issues.push(legacyIssue('content'))
  if (componentsV2 && embeds.length > 0) issues.push(legacyIssue('embeds'))
  if (form.components) issues.push(...componentIssues(form.components, { componentsV2, fileNames: fileNamesOf(plan) }))
  refuseForm(below(base, issues))

  const hasFiles = plan.kept.length + plan.added.length > 0
  const isEmpty = componentsV2 ? components.length === 0 : content.trim() === '' && embeds.length === 0 && !hasFiles
  if (isEmpty) throw refuse.emptyMessage()
  const textBytes = textsOf(components).reduce((sum, text) => sum + bytesPerText + Buffer.byteLength(text), 0)
  if (textBytes > maximumTextBytes) throw refuse.internal()
}

function legacyIssue(field: string): FormIssue {
  const reason = `The '${field}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`
  return issue([field], 'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2', reason)
}

function fileNamesOf({ kept, added }: PlannedAttachments): string[] {
  return [...kept.flatMap(({ uploadedName, filename }) => [uploadedName, filename]), ...added.map(({ name }) => name)]
}
