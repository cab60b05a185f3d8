import { createHash } from 'node:crypto'

/** A pseudo-random number from 0 to 1, the same for the same seed. */
export function chanceOf(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE() / 2 ** 32
}
