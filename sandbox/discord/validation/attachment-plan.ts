import type { FormIssue } from '../model/errors.ts'
import type { PlannedAttachments, StoredAttachment } from '../model/message.ts'
import type { UploadedFile } from '../model/uploaded-file.ts'

interface ListedAttachment {
  id: string
  filename?: string | null
  description?: string | null
}

/**
 * Without a list an edit keeps what was there; with a list it keeps what is listed. A new file survives an edit only if it is listed as the
 * `n` of its `files[n]`; a new message takes all its files unless it lists some.
 */
export function planAttachments(
  listed: readonly ListedAttachment[] | null | undefined,
  files: readonly UploadedFile[],
  existing: readonly StoredAttachment[] | undefined,
): PlannedAttachments {
  const plan: PlannedAttachments = { kept: [], added: [], issues: files.flatMap(fileIssues) }
  if (files.length > 10) plan.issues.push({ path: ['files'], code: 'BASE_TYPE_BAD_LENGTH', message: 'Must be 10 or fewer in length.' })
  if (!listed) {
    if (existing) plan.kept.push(...existing)
    else plan.added.push(...files.map(({ name, bytes }) => ({ name, bytes })))
    return plan
  }
  listed.forEach((entry, index) => {
    const file = files.find(({ field }) => field === `files[${entry.id}]`)
    const kept = existing?.find(({ id }) => id === entry.id)
    if (file) plan.added.push({ name: entry.filename ?? file.name, bytes: file.bytes, description: entry.description ?? undefined })
    else if (kept) plan.kept.push({ ...kept, ...(typeof entry.description === 'string' && { description: entry.description }) })
    else {
      plan.issues.push({
        path: ['attachments', index, 'id'],
        code: 'ATTACHMENT_NOT_FOUND',
        message: `There is no files[${entry.id}] in this request and no attachment of this id on the message`,
      })
    }
  })
  if (plan.kept.length + plan.added.length > 10) {
    plan.issues.push({ path: ['attachments'], code: 'BASE_TYPE_BAD_LENGTH', message: 'Must be 10 or fewer in length.' })
  }
  return plan
}

function fileIssues(file: UploadedFile): FormIssue[] {
  if (!/^files\[\d\]$/.test(file.field)) {
    return [{ path: [file.field], code: 'FILE_FIELD_NAME', message: 'A file is sent in a field named files[n], n being 0 to 9' }]
  }
  return file.name ? [] : [{ path: [file.field], code: 'BASE_TYPE_REQUIRED', message: 'This field is required' }]
}
