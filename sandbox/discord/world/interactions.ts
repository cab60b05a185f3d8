import { randomBytes } from 'node:crypto'

import type { DiscordClock } from '../model/clock.ts'
import { refuse } from '../model/errors.ts'
import type { InteractionStart, StoredInteraction } from '../model/interaction.ts'

const acknowledgementMs = 3000
const tokenLifetimeMs = 15 * 60 * 1000

/** The interactions and what their tokens still allow. */
export class Interactions {
  readonly #clock: DiscordClock
  readonly #byToken = new Map<string, StoredInteraction>()
  readonly #byId = new Map<string, StoredInteraction>()

  constructor(clock: DiscordClock) {
    this.#clock = clock
  }

  begin(start: InteractionStart): StoredInteraction {
    const interaction: StoredInteraction = {
      ...start,
      token: randomBytes(96).toString('base64url'),
      createdAt: this.#clock.now(),
      choices: undefined,
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

  /** The interaction, if it may be acknowledged: for the first time (else 40060) and within 3 s (else 10062). */
  toAcknowledge(id: string, token: string): StoredInteraction {
    const interaction = this.#byToken.get(token)
    if (interaction?.id !== id) throw refuse.unknownInteraction()
    if (interaction.callbackType !== undefined) throw refuse.alreadyAcknowledged()
    if (this.isTooLate(interaction)) throw refuse.unknownInteraction()
    return interaction
  }

  /** Whether the 3 s for the first response are over. */
  isTooLate(interaction: StoredInteraction): boolean {
    return this.#clock.now() - interaction.createdAt > acknowledgementMs
  }

  /** The acknowledged interaction of a live token; else 50027, or 10015 before an acknowledgement. */
  byToken(token: string): StoredInteraction {
    const interaction = this.#byToken.get(token)
    if (!interaction || this.#clock.now() - interaction.createdAt > tokenLifetimeMs) throw refuse.invalidToken()
    // Autocomplete is answered with choices only, so there is no message that its token could reach.
    if (interaction.callbackType === undefined || interaction.kind === 'autocomplete') throw refuse.unknownWebhook()
    return interaction
  }
}
