export const callbackTypes = { message: 4, deferredMessage: 5, deferredUpdate: 6, update: 7, autocomplete: 8, modal: 9 } as const

/** What an interaction is called on the wire. */
export const interactionTypes = { command: 2, component: 3, autocomplete: 4 } as const

export interface SuggestedChoice {
  name: string
  value: string | number
}

export interface StoredInteraction {
  readonly id: string
  readonly token: string
  readonly kind: keyof typeof interactionTypes
  readonly createdAt: number
  readonly userId: string
  readonly guildId: string
  readonly channelId: string
  /** Bytes for each file sent with this interaction's token. */
  readonly attachmentSizeLimit: number
  readonly installedBy: 'guild' | 'user'
  /** The message whose component was used. */
  readonly sourceMessageId: string | undefined
  /** The type of the option that is being typed. */
  readonly focusedType: number | undefined
  /** What the bot offers for that option. */
  choices: SuggestedChoice[] | undefined
  callbackType: number | undefined
  /** What `@original` means: the reply, or the source message once it was updated. */
  originalId: string | undefined
  /** The ids of follow-ups in the order in which they were posted. */
  readonly followUpIds: string[]
}
