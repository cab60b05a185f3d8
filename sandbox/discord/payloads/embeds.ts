import type { Cdn } from '../model/cdn.ts'
import type { Embed, StoredMessage } from '../model/message.ts'
import { attachmentBehind, fileFields } from './attachments.ts'

/** An embed as Discord returns it: always `rich`, without what a bot cannot set, and with the real URLs of files. */
export function embedPayload(embed: Embed, message: StoredMessage, cdn: Cdn): Record<string, unknown> {
  const { title, description, url, color, timestamp, author, image, thumbnail, footer, fields } = embed
  const media = (shown: Embed['image']) => (shown?.url ? imagePayload(shown.url, message, cdn) : undefined)
  const icon = (iconUrl: string | null | undefined) => {
    if (!iconUrl) return {}
    const { url: realUrl, proxy_url: proxyUrl } = imagePayload(iconUrl, message, cdn)
    return { icon_url: realUrl, proxy_icon_url: proxyUrl }
  }
  return withoutEmpty({
    type: 'rich',
    title,
    description,
    url,
    color,
    timestamp,
    author: author?.name && withoutEmpty({ name: author.name, url: author.url, ...icon(author.icon_url) }),
    image: media(image),
    thumbnail: media(thumbnail),
    footer: footer?.text && { text: footer.text, ...icon(footer.icon_url) },
    fields: fields?.map(({ name, value, inline }) => ({ name, value, inline: inline ?? false })),
  })
}

function imagePayload(url: string, message: StoredMessage, cdn: Cdn) {
  const attachment = attachmentBehind(url, message)
  return attachment ? fileFields(attachment, cdn) : { url, proxy_url: url }
}

function withoutEmpty(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== ''))
}
