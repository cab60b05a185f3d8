import { createHash } from 'node:crypto'

/** Returns the next random number from 0 to 1. */
export type Random = () => number

/** The same numbers for the same seed. */
export function createRandom(seed: number): Random {
  let count = 0
  return () => {
    count += 1
    return createHash('sha256').update(`${seed}/${count}`).digest().readUInt32BE() / 2 ** 32
  }
}
