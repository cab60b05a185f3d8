import type { ChatInputCommandInteraction } from 'discord.js'

import { Refusal } from '../../domain/refusal.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'

import type { Answerable } from './answerable.ts'

/** What may be under way at once. Whatever comes beyond is refused, so that the rest is answered soon and fits in memory. */
export interface AdmissionLimits {
  /** Commands, and as many buttons: someone who cancels does not wait for those who ask. */
  interactions: number
  /** Bytes of the images that came with commands, as Discord declares them. */
  imageBytes: number
}

/** A command that waits for the store needs some kilobytes; a store that accepts a hundred a second works off a thousand before anyone gives up. */
export const usualLimits: AdmissionLimits = { interactions: 1000, imageBytes: 256_000_000 }

/** At most one log line in this time, because a line for each refusal would delay the answers further. In milliseconds. */
const logEveryMs = 10_000

export interface Admission {
  /** Counts the interaction while its work runs. Rejects with the refusal `busy`, without running it, where it would be one too many. */
  run(interaction: Answerable, work: () => Promise<void>): Promise<void>
}

export function createAdmission(limits: AdmissionLimits, { clock, log }: { clock: Clock; log: Log }): Admission {
  const underWay = { commands: 0, buttons: 0, imageBytes: 0 }
  let refused = 0
  let loggedAt = -Infinity

  function refuse(): never {
    refused += 1
    if (clock.now() - loggedAt >= logEveryMs) {
      log.warn({ ...underWay, refused }, 'more interactions at once than can be accepted: refused privately')
      loggedAt = clock.now()
      refused = 0
    }
    throw new Refusal('busy')
  }

  return {
    async run(interaction, work) {
      const kind = interaction.isButton() ? 'buttons' : 'commands'
      const imageBytes = interaction.isButton() ? 0 : imageBytesOf(interaction)
      const isOneTooMany = underWay[kind] >= limits.interactions
      // The first one is admitted whatever its size: it is checked elsewhere.
      const isTooLarge = imageBytes > 0 && underWay.imageBytes > 0 && underWay.imageBytes + imageBytes > limits.imageBytes
      if (isOneTooMany || isTooLarge) refuse()
      underWay[kind] += 1
      underWay.imageBytes += imageBytes
      try {
        await work()
      } finally {
        underWay[kind] -= 1
        underWay.imageBytes -= imageBytes
      }
    },
  }
}

function imageBytesOf({ options }: ChatInputCommandInteraction): number {
  return options.resolved?.attachments?.reduce((sum, { size }) => sum + size, 0) ?? 0
}
