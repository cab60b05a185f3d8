import type { Generation } from '../../../src/generations/model/generation.ts'
import type { Database } from '../../../src/storage/database.ts'
import { acceptGeneration } from './generations.ts'

/** Requests of three members in each of four guilds, in a mixed order: the same for the same seed. */
export async function acceptSome(database: Database, count: number, { seed, now }: { seed: number; now: number }): Promise<Generation[]> {
  const below = numbers(seed)
  const accepted: Generation[] = []
  for (let index = 0; index < count; index += 1) {
    const guildId = `20000000000000000${below(4)}`
    accepted.push(await acceptGeneration(database, { guildId, memberId: `4000000000000000${below(3)}0`, now }))
  }
  return accepted
}

/** Pseudo-random integers below `limit`. */
function numbers(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
}
