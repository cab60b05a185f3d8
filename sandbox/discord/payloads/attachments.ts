import type { APIAttachment } from 'discord-api-types/v10'

import type { Cdn } from '../model/cdn.ts'
import { allComponents, type StoredAttachment, type StoredMessage } from '../model/message.ts'
import type { Wire } from './wire.ts'

export function attachmentPayload(attachment: StoredAttachment, cdn: Cdn): Wire<APIAttachment> {
  return {
    id: attachment.id,
    filename: attachment.filename,
    size: attachment.size,
    ...fileFields(attachment, cdn),
    ...(attachment.description !== undefined && { description: attachment.description }),
    ...(attachment.ephemeral && { ephemeral: true }),
  }
}

export function fileFields({ path, contentType, width, height }: StoredAttachment, cdn: Cdn) {
  const url = cdn.sign(path)
  return { url, proxy_url: url, content_type: contentType, ...(width !== undefined && height !== undefined && { width, height }) }
}

/** The ids of the attachments that a component or an embed shows. */
export function shownAttachments(message: StoredMessage): Set<string> {
  const urls = allComponents(message.components).flatMap(({ media, file, items = [] }) =>
    [media, file, ...items.map((item) => item.media)].flatMap((shown) => shown?.url ?? []),
  )
  for (const { image, thumbnail, author, footer } of message.embeds) {
    urls.push(...[image?.url, thumbnail?.url, author?.icon_url, footer?.icon_url].flatMap((url) => url ?? []))
  }
  return new Set(urls.flatMap((url) => attachmentBehind(url, message)?.id ?? []))
}

/** The file of the message behind an `attachment://` URL. */
export function attachmentBehind(url: string, message: StoredMessage): StoredAttachment | undefined {
  const name = url.startsWith('attachment://') ? url.slice('attachment://'.length) : undefined
  return message.attachments.find(({ uploadedName, filename }) => name === uploadedName || name === filename)
}
