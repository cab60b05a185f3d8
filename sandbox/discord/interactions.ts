import { randomBytes } from 'node:crypto'

import type { DiscordClock } from './clock.ts'
import { refuse } from './errors.ts'

const acknowledgementMs = 3000
const tokenLifetimeMs = 15 * 60 * 1000

export const callbackTypes = { message: 4, deferredMessage: 5, deferredUpdate: 6, update: 7, autocomplete: 8, modal: 9 } as const

export interface StoredInteraction {
  readonly id: string
  readonly token: string
  readonly kind: 'command' | 'component'
  readonly createdAt: number
  readonly userId: string
  readonly guildId: string
  readonly channelId: string
  /** Bytes for each file sent with this interaction's token. */
  readonly attachmentSizeLimit: number
  readonly installedBy: 'guild' | 'user'
  /** The message whose component was used. */
  readonly sourceMessageId: string | undefined
  callbackType: number | undefined
  /** What `@original` means: the reply, or the source message once it was updated. */
  originalId: string | undefined
  /** The ids of follow-ups in the order in which they were posted. */
  readonly followUpIds: string[]
}

/** The interactions and what their tokens still allow. */
export class Interactions {
  readonly #clock: DiscordClock
  readonly #byToken = new Map<string, StoredInteraction>()
  readonly #byId = new Map<string, StoredInteraction>()

  constructor(clock: DiscordClock) {
    this.#clock = clock
  }

  begin(start: Omit<StoredInteraction, 'token' | 'createdAt' | 'callbackType' | 'originalId' | 'followUpIds'>): StoredInteraction {
    const interaction: StoredInteraction = {
      ...start,
      token: randomBytes(96).toString('base64url'),
      createdAt: this.#clock.now(),
      callbackType: undefined,
      originalId: undefined,
      followUpIds: [],
    }
    this.#byToken.set(interaction.token, interaction)
    this.#byId.set(interaction.id, interaction)
    return interaction
  }

  get(id: string): StoredInteraction | undefined {
    return this.#byId.get(id)
  }

  hasToken(token: string): boolean {
    return this.#byToken.has(token)
  }

  /** The interaction that may still be acknowledged, for the first time and within 3 s; else 10062 or 40060. */
  toAcknowledge(id: string, token: string): StoredInteraction {
    const interaction = this.#byToken.get(token)
    if (interaction?.id !== id) throw refuse.unknownInteraction()
    if (interaction.callbackType !== undefined) throw refuse.alreadyAcknowledged()
    if (this.#clock.now() - interaction.createdAt > acknowledgementMs) throw refuse.unknownInteraction()
    return interaction
  }

  /** The acknowledged interaction whose token still lives; else 50027, or 10015 before an acknowledgement. */
  byToken(token: string): StoredInteraction {
    const interaction = this.#byToken.get(token)
    if (!interaction || this.#clock.now() - interaction.createdAt > tokenLifetimeMs) throw refuse.invalidToken()
    if (interaction.callbackType === undefined) throw refuse.unknownWebhook()
    return interaction
  }
}
