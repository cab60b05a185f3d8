import type { DiscordClock } from './clock.ts'

const discordEpoch = 1_420_070_400_000

/** Makes ids as Discord does: milliseconds since 2015 above 22 bits that separate ids of the same millisecond. */
export class SnowflakeSource {
  readonly #clock: DiscordClock
  #last = 0n

  constructor(clock: DiscordClock) {
    this.#clock = clock
  }

  next(): string {
    const fromTime = BigInt(this.#clock.now() - discordEpoch) << 22n
    this.#last = fromTime > this.#last ? fromTime : this.#last + 1n
    return String(this.#last)
  }
}
