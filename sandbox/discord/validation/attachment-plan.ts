import type { UploadedFile } from '../model/files.ts'
import { type FormIssue, issue, missing, tooMany } from '../model/form-issues.ts'
import type { ListedAttachment, PlannedAttachments, StoredAttachment } from '../model/message.ts'

const maximumFiles = 10

/**
 * An edit keeps all attachments without a list, else those that are listed. It takes a new file only if the list has the `n` of its `files[n]`;
 * a new message takes all its files unless it lists some.
 */
export function planAttachments(
  listed: readonly ListedAttachment[] | null | undefined,
  files: readonly UploadedFile[],
  existing: readonly StoredAttachment[] | undefined,
): PlannedAttachments {
  const plan: PlannedAttachments = { kept: [], added: [], issues: files.flatMap(fileIssues) }
  if (files.length > maximumFiles) plan.issues.push(tooMany(['files'], maximumFiles))
  if (!listed) {
    if (existing) plan.kept.push(...existing)
    else plan.added.push(...files.map(({ name, bytes }) => ({ name, bytes })))
    return plan
  }
  listed.forEach(({ id, filename, description }, index) => {
    const file = files.find(({ field }) => field === `files[${id}]`)
    const kept = existing?.find((attachment) => attachment.id === id)
    if (file) plan.added.push({ name: filename ?? file.name, bytes: file.bytes, description: description ?? undefined })
    else if (kept) plan.kept.push({ ...kept, description: description ?? kept.description })
    else {
      const reason = `There is no files[${id}] in this request and no attachment of this id on the message`
      plan.issues.push(issue(['attachments', index, 'id'], 'ATTACHMENT_NOT_FOUND', reason))
    }
  })
  if (plan.kept.length + plan.added.length > maximumFiles) plan.issues.push(tooMany(['attachments'], maximumFiles))
  return plan
}

function fileIssues({ field, name }: UploadedFile): FormIssue[] {
  if (!/^files\[\d\]$/.test(field)) return [issue([field], 'FILE_FIELD_NAME', 'The field of a file must be named files[n], n being 0 to 9')]
  return name ? [] : [missing([field])]
}
