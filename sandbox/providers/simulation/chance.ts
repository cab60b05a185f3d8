import { createHash } from 'node:crypto'

/** A number from 0 to 1 that looks like chance and is the same for the same seed. */
export function chanceOf(seed: string): number {
  return createHash('sha256').update(seed).digest().readUInt32BE() / 2 ** 32
}
