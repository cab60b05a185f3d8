import type { FormIssue } from './errors.ts'

/** Message flags that mean something here. */
export const messageFlags = {
  suppressEmbeds: 1 << 2,
  ephemeral: 1 << 6,
  loading: 1 << 7,
  suppressNotifications: 1 << 12,
  componentsV2: 1 << 15,
} as const

/** A component as a request carries it, after Discord's own schema has accepted it. */
export interface Component {
  type: number
  id?: number | null
  custom_id?: string | null
  label?: string | null
  style?: number
  url?: string | null
  sku_id?: string | null
  emoji?: unknown
  disabled?: boolean | null
  content?: string
  description?: string | null
  spoiler?: boolean | null
  accent_color?: number | null
  divider?: boolean | null
  spacing?: number | null
  components?: Component[]
  accessory?: Component
  items?: { media: { url: string }; description?: string | null; spoiler?: boolean | null }[]
  media?: { url: string }
  file?: { url: string }
}

export const componentTypes = {
  actionRow: 1,
  button: 2,
  section: 9,
  textDisplay: 10,
  thumbnail: 11,
  mediaGallery: 12,
  file: 13,
  separator: 14,
  container: 17,
} as const

export interface StoredAttachment {
  id: string
  /** The name it was uploaded under, by which `attachment://` refers to it. */
  uploadedName: string
  filename: string
  contentType: string
  size: number
  width?: number | undefined
  height?: number | undefined
  description?: string | undefined
  /** Where the CDN keeps it. */
  path: string
  ephemeral: boolean
}

export interface StoredMessage {
  id: string
  channelId: string
  guildId: string | undefined
  /** Discord's message type: 20 for the reply to a slash command. */
  type: number
  content: string
  embeds: unknown[]
  components: Component[]
  attachments: StoredAttachment[]
  flags: number
  nonce?: string | undefined
  repliesTo?: string | undefined
  /** The interaction it answers, if it was posted through one. */
  interaction?:
    { id: string; type: number; userId: string; ownerKeys: Record<string, string>; pressedMessageId?: string | undefined } | undefined
  createdAt: string
  editedAt: string | undefined
  mentions: string[]
  mentionedRoles: string[]
  mentionsEveryone: boolean
  /** Whom the message really notified, which happens only when it is created. */
  notified: string[]
  deleted: boolean
}

export function hasFlag(message: Pick<StoredMessage, 'flags'>, flag: number): boolean {
  return (message.flags & flag) !== 0
}

/** Visits every component, nested ones and accessories too, with its path in the request. */
export function walkComponents(
  components: readonly Component[],
  visit: (component: Component, path: (string | number)[], parent: Component | undefined) => void,
  base: (string | number)[] = ['components'],
  parent?: Component,
): void {
  components.forEach((component, index) => {
    const path = [...base, index]
    visit(component, path, parent)
    if (component.components) walkComponents(component.components, visit, [...path, 'components'], component)
    if (component.accessory) {
      visit(component.accessory, [...path, 'accessory'], component)
    }
  })
}

/** All Text Displays in reading order. */
export function textsOf(components: readonly Component[]): string[] {
  const texts: string[] = []
  walkComponents(components, (component) => {
    if (component.type === componentTypes.textDisplay) texts.push(component.content ?? '')
  })
  return texts
}

/** What a person reads: the content and every Text Display, one below the other. */
export function readableText(message: Pick<StoredMessage, 'content' | 'components'>): string {
  return [message.content, ...textsOf(message.components)].filter(Boolean).join('\n')
}

/** A message as a request carries it, after Discord's own schema has accepted it. */
export interface MessageForm {
  content?: string | null
  embeds?: unknown[] | null
  components?: Component[] | null
  flags?: number | null
  attachments?: { id: string; filename?: string | null; description?: string | null }[] | null
  allowed_mentions?: AllowedMentions | null
  message_reference?: { message_id: string; channel_id?: string | null; fail_if_not_exists?: boolean | null } | null
  nonce?: string | number | null
  enforce_nonce?: boolean | null
  poll?: unknown
  sticker_ids?: string[] | null
}

export interface AllowedMentions {
  parse?: (string | null)[] | null
  users?: (string | null)[] | null
  roles?: (string | null)[] | null
}

/** Which files a message will have after the request: those it keeps and those it gains. */
export interface PlannedAttachments {
  kept: StoredAttachment[]
  added: { name: string; bytes: Buffer; description?: string | undefined }[]
  issues: FormIssue[]
}
