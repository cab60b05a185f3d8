import type { Cdn } from '../model/cdn.ts'
import { type Component, componentTypes, selectTypes, type StoredMessage } from '../model/message.ts'
import { attachmentBehind, fileFields } from './attachments.ts'

/** Adds what Discord adds: defaults, and the real URLs of media. */
export function componentPayload(component: Component, message: StoredMessage, cdn: Cdn): Record<string, unknown> {
  const media = (url = '') => mediaPayload(url, component.id ?? 0, message, cdn)
  const filled: Record<string, unknown> = Object.fromEntries(
    Object.entries(component).filter(([, value]) => value !== null && value !== undefined),
  )
  if (component.components) filled['components'] = component.components.map((inner) => componentPayload(inner, message, cdn))
  if (component.accessory) filled['accessory'] = componentPayload(component.accessory, message, cdn)
  const { description = null, spoiler } = component
  if (selectTypes.includes(component.type)) return { min_values: 1, max_values: 1, ...filled }
  switch (component.type) {
    case componentTypes.container:
      return { ...filled, accent_color: component.accent_color ?? null, spoiler: spoiler ?? false }
    case componentTypes.separator:
      return { ...filled, spacing: component.spacing ?? 1, divider: component.divider ?? true }
    case componentTypes.thumbnail:
      return { ...filled, media: media(component.media?.url), description, spoiler: spoiler ?? false }
    case componentTypes.mediaGallery: {
      const items = component.items?.map((item) => ({
        media: media(item.media.url),
        description: item.description ?? null,
        spoiler: item.spoiler ?? false,
      }))
      return { ...filled, items }
    }
    case componentTypes.file: {
      const { filename = null, size = null } = attachmentBehind(component.file?.url ?? '', message) ?? {}
      return { ...filled, file: media(component.file?.url), name: filename, size, spoiler: spoiler ?? false }
    }
    default:
      return filled
  }
}

function mediaPayload(url: string, componentId: number, message: StoredMessage, cdn: Cdn): Record<string, unknown> {
  // Media items have an id of their own: the message's, shifted by the component's number.
  const id = String(BigInt(message.id) + BigInt(componentId))
  const attachment = attachmentBehind(url, message)
  return attachment ? { id, ...fileFields(attachment, cdn), attachment_id: attachment.id } : { id, url, proxy_url: url }
}
