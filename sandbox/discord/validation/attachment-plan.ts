import type { UploadedFile } from '../model/files.ts'
import { type FormIssue, issue, missing, tooMany } from '../model/form-issues.ts'
import type { ListedAttachment, PlannedAttachments, StoredAttachment } from '../model/message.ts'

const maximumFiles = 10

/**
 * Without a list an edit keeps all attachments, else those that are listed. All new files are added; the list names and describes them by the
 * `n` of their `files[n]`. In 2022 an edit with files and without a list dropped the old attachments (discord-api-docs issue 5170), but the
 * documentation says that files are appended.
 */
export function planAttachments(
  listed: readonly ListedAttachment[] | null | undefined,
  files: readonly UploadedFile[],
  existing: readonly StoredAttachment[] | undefined,
): PlannedAttachments {
  const plan: PlannedAttachments = { kept: [], added: [], issues: files.flatMap(fileIssues) }
  if (files.length > maximumFiles) plan.issues.push(tooMany(['files'], maximumFiles))
  if (!listed && existing) plan.kept.push(...existing)
  const unlisted = new Set(files)
  listed?.forEach(({ id, filename, description }, index) => {
    const file = files.find(({ field }) => field === `files[${id}]`)
    const kept = existing?.find((attachment) => attachment.id === id)
    if (file) {
      unlisted.delete(file)
      plan.added.push({ name: filename ?? file.name, bytes: file.bytes, description: description ?? undefined })
    } else if (kept) plan.kept.push({ ...kept, description: description ?? kept.description })
    else {
      const reason = `There is no files[${id}] in this request and no attachment of this id on the message`
      plan.issues.push(issue(['attachments', index, 'id'], 'ATTACHMENT_NOT_FOUND', reason))
    }
  })
  plan.added.push(...Array.from(unlisted, ({ name, bytes }) => ({ name, bytes })))
  if (plan.kept.length + plan.added.length > maximumFiles) plan.issues.push(tooMany(['attachments'], maximumFiles))
  return plan
}

function fileIssues({ field, name }: UploadedFile): FormIssue[] {
  if (!/^files\[\d+\]$/.test(field)) return [issue([field], 'FILE_FIELD_NAME', 'The field of a file must be named files[n]')]
  return name ? [] : [missing([field])]
}
