/** Returns the next random number from 0 to 1. */
export type Random = () => number

/** The same numbers for the same seed (mulberry32). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function pick<Entry>(entries: readonly [Entry, ...Entry[]], random: Random): Entry {
  return entries[Math.floor(random() * entries.length)] ?? entries[0]
}

export function between(least: number, most: number, random: Random): number {
  return least + random() * (most - least)
}
