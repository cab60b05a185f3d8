import type { APIAttachment, APIButtonComponent, APIContainerComponent, APIMessageTopLevelComponent, Snowflake } from 'discord.js'
import { ComponentType, MessageFlags } from 'discord.js'

/** Discord's limits for one message. */
export const messageLimits = {
  /** UTF-16 units of all Text Displays together. */
  textCharacters: 4000,
  /** UTF-16 units of a message without components. */
  contentCharacters: 2000,
  linkUrlCharacters: 512,
  alternativeTextCharacters: 1024,
} as const

/** A Components V2 message as sent to Discord. Nobody is mentioned unless listed by id. */
export interface MessageBody {
  flags: MessageFlags
  components: APIMessageTopLevelComponent[]
  allowed_mentions: { parse: []; users?: Snowflake[] }
  /** The files to keep or to add. An empty list removes all of them; without a list they stay. */
  attachments?: (Pick<APIAttachment, 'id' | 'filename'> & { description?: string })[]
}

export type Part = APIContainerComponent['components'][number]

export const accents = {
  waiting: 0x99aab5,
  working: 0x5865f2,
  done: 0x57f287,
  failed: 0xed4245,
  held: 0xfee75c,
} as const

/** Every card is one container with a colour. */
export function messageOf(accent: number, context: Part[]): MessageBody {
  return {
    flags: MessageFlags.IsComponentsV2,
    components: [{ type: ComponentType.Container, accent_color: accent, components: context }],
    allowed_mentions: { parse: [] },
  }
}

/** A card that says one thing. */
export function noteOf(content: string): MessageBody {
  return messageOf(accents.waiting, [textDisplay(content)])
}

export function textDisplay(content: string): Part {
  return { type: ComponentType.TextDisplay, content }
}

/** A bold title with lines beneath it. */
export function heading(title: string, ...lines: string[]): Part {
  return textDisplay([`**${title}**`, ...lines].join('\n'))
}

/** Small grey lines. */
export function subtext(...lines: string[]): Part {
  return textDisplay(lines.map((line) => `-# ${line}`).join('\n'))
}

export function buttonRow(button: APIButtonComponent): Part {
  return { type: ComponentType.ActionRow, components: [button] }
}

/** UTF-16 units of the text in these parts. */
export function textLength(context: readonly Part[]): number {
  return context.reduce((sum, part) => sum + (part.type === ComponentType.TextDisplay ? part.content.length : 0), 0)
}

/** A custom id is `name:argument`, so that a button works after a restart and in any process. Discord allows 100 characters. */
export function parseCustomId(customId: string): { name: string; argument: string } {
  const colon = customId.indexOf(':')
  return colon === -1 ? { name: customId, argument: '' } : { name: customId.slice(0, colon), argument: customId.slice(colon + 1) }
}
