export const callbackTypes = { message: 4, deferredMessage: 5, deferredUpdate: 6, update: 7, autocomplete: 8, modal: 9 } as const

/** The wire's number for each kind of interaction. */
export const interactionTypes = { command: 2, component: 3, autocomplete: 4 } as const

export interface SuggestedChoice {
  name: string
  value: string | number
}

/** What is fixed when an interaction begins. */
export interface InteractionStart {
  readonly id: string
  readonly kind: keyof typeof interactionTypes
  readonly userId: string
  readonly guildId: string
  readonly channelId: string
  /** Bytes for each file sent with this interaction's token. */
  readonly attachmentSizeLimit: number
  /** The message whose component was used. */
  readonly sourceMessageId: string | undefined
  /** The type of the option that is being typed. */
  readonly focusedType: number | undefined
}

export interface StoredInteraction extends InteractionStart {
  readonly token: string
  readonly createdAt: number
  /** The bot's suggestions for the focused option. */
  choices: SuggestedChoice[] | undefined
  callbackType: number | undefined
  /** What `@original` means: the reply, or the source message once it was updated. */
  originalId: string | undefined
  /** In the order in which they were posted. */
  readonly followUpIds: string[]
}
