import type { FormIssue } from './form-issues.ts'

export const messageFlags = {
  suppressEmbeds: 1 << 2,
  ephemeral: 1 << 6,
  loading: 1 << 7,
  suppressNotifications: 1 << 12,
  hasSnapshot: 1 << 14,
  componentsV2: 1 << 15,
} as const

/** The kinds of `message_reference`. */
export const referenceTypes = { reply: 0, forward: 1 } as const

/** A component of a request that Discord's own schema has accepted. */
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
  options?: { value: string }[]
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

/** Menus of texts, users, roles, both, and channels. */
export const selectTypes: readonly number[] = [3, 5, 6, 7, 8]

/** The message of a request that Discord's own schema has accepted. */
export interface MessageForm {
  content?: string | null
  embeds?: Embed[] | null
  components?: Component[] | null
  flags?: number | null
  attachments?: ListedAttachment[] | null
  allowed_mentions?: AllowedMentions | null
  message_reference?: MessageReference | null
  nonce?: string | number | null
  enforce_nonce?: boolean | null
}

export interface MessageReference {
  type?: number | null
  message_id: string
  channel_id?: string | null
  fail_if_not_exists?: boolean | null
}

/** An embed of a request that Discord's own schema has accepted; only fields that the local Discord reads are listed. */
export interface Embed {
  title?: string | null
  description?: string | null
  url?: string | null
  color?: number | null
  timestamp?: string | null
  author?: { name?: string | null; url?: string | null; icon_url?: string | null } | null
  image?: { url?: string | null } | null
  thumbnail?: { url?: string | null } | null
  footer?: { text?: string | null; icon_url?: string | null } | null
  fields?: { name: string; value: string; inline?: boolean | null }[] | null
}

export interface ListedAttachment {
  id: string
  filename?: string | null
  description?: string | null
}

export interface AllowedMentions {
  parse?: (string | null)[] | null
  users?: (string | null)[] | null
  roles?: (string | null)[] | null
}

/** The files that a message keeps and gains by a request. */
export interface PlannedAttachments {
  kept: StoredAttachment[]
  added: { name: string; bytes: Buffer; description?: string | undefined }[]
  issues: FormIssue[]
}

export interface StoredAttachment {
  id: string
  /** `attachment://` refers to a file by this name. */
  uploadedName: string
  filename: string
  contentType: string
  size: number
  width?: number | undefined
  height?: number | undefined
  description?: string | undefined
  /** Its path at the CDN. */
  path: string
  ephemeral: boolean
}

export interface MessageStart {
  channelId: string
  guildId: string
  /** Discord's message type: 20 for the reply to a slash command. */
  type: number
  flags: number
  repliesTo?: string | undefined
  /** The message that it forwards, as it was then. */
  forwards?: StoredMessage | undefined
  /** The interaction through which it is posted; undefined for a message posted with the bot's token. */
  interaction?: { id: string; type: number; userId: string; guildId: string; pressedMessageId: string | undefined } | undefined
}

export interface StoredMessage extends MessageStart {
  id: string
  content: string
  embeds: Embed[]
  components: Component[]
  attachments: StoredAttachment[]
  nonce: string | undefined
  createdAt: string
  editedAt: string | undefined
  mentions: string[]
  mentionedRoles: string[]
  mentionsEveryone: boolean
  /** The users whom it notified. Only a new message notifies. */
  notified: string[]
  deleted: boolean
}

export function hasFlag(message: Pick<StoredMessage, 'flags'>, flag: number): boolean {
  return (message.flags & flag) !== 0
}

/** Visits every component, nested ones and accessories too, with its path in the request. */
export function walkComponents(
  components: readonly Component[],
  visit: (component: Component, path: (string | number)[]) => void,
  base: (string | number)[] = ['components'],
): void {
  components.forEach((component, index) => {
    const path = [...base, index]
    visit(component, path)
    if (component.components) walkComponents(component.components, visit, [...path, 'components'])
    if (component.accessory) visit(component.accessory, [...path, 'accessory'])
  })
}

/** Every component in reading order. */
export function allComponents(components: readonly Component[]): Component[] {
  const found: Component[] = []
  walkComponents(components, (component) => found.push(component))
  return found
}

/** All Text Displays in reading order. */
export function textsOf(components: readonly Component[]): string[] {
  return allComponents(components).flatMap(({ type, content }) => (type === componentTypes.textDisplay ? (content ?? '') : []))
}

/** All text of the message: the content and every Text Display, one below the other. */
export function readableText(message: Pick<StoredMessage, 'content' | 'components'>): string {
  return [message.content, ...textsOf(message.components)].filter(Boolean).join('\n')
}
