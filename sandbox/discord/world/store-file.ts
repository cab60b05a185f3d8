import type { Cdn } from '../model/cdn.ts'
import { contentTypeOf, imageSizeOf, storedFilename } from '../model/files.ts'
import type { PlannedAttachments, StoredAttachment } from '../model/message.ts'
import type { SnowflakeSource } from '../model/snowflakes.ts'

export interface FileContext {
  snowflakes: SnowflakeSource
  cdn: Cdn
  applicationId: string
}

/** Puts a file at the CDN under a new id; without a channel under an ephemeral path. */
export function storeFile(
  file: PlannedAttachments['added'][number],
  channelId: string | undefined,
  context: FileContext,
): StoredAttachment {
  const { name, bytes, description } = file
  const [id, filename] = [context.snowflakes.next(), storedFilename(name)]
  const ephemeral = channelId === undefined
  const path = `/${ephemeral ? `ephemeral-attachments/${context.applicationId}` : `attachments/${channelId}`}/${id}/${filename}`
  const contentType = contentTypeOf(filename)
  context.cdn.put(path, { bytes, contentType })
  return { id, uploadedName: name, filename, contentType, size: bytes.length, ...imageSizeOf(bytes), description, path, ephemeral }
}

/** A copy that stays when the original is deleted. */
export function copyFile(attachment: StoredAttachment, channelId: string, context: FileContext): StoredAttachment {
  const id = context.snowflakes.next()
  const path = `/attachments/${channelId}/${id}/${attachment.filename}`
  const file = context.cdn.stored(attachment.path)
  if (file) context.cdn.put(path, file)
  return { ...attachment, id, path, ephemeral: false }
}
