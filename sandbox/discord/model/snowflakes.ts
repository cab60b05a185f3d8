const discordEpoch = 1_420_070_400_000n

/** Makes ids as Discord does: milliseconds since 2015 above 22 bits that separate ids of the same millisecond. */
export class SnowflakeSource {
  #last = 0n

  next(): string {
    const fromTime = (BigInt(Date.now()) - discordEpoch) << 22n
    this.#last = fromTime > this.#last ? fromTime : this.#last + 1n
    return String(this.#last)
  }
}
