/** What one member has in the queue of a provider. */
export interface MemberQueue {
  guildId: string
  memberId: string
  /** How many requests are queued. */
  queued: number
  /** When the guild, and the member in it, were last served: numbered turns of the provider; 0 for never. */
  guildServed: number
  memberServed: number
}

/** The order in which a provider serves its queue, one turn at a time. */
export interface FairOrder<Queue extends MemberQueue> {
  /** Whose oldest request is next; undefined once nothing is queued. */
  next(): Queue | undefined
  /** Counts one request of this member as served. Returns the number of the turn. */
  serve(queue: Queue): number
  remove(queue: Queue): void
}

/**
 * The guild with the fewest running requests comes first, then the one longest unserved; inside it the member longest unserved. Where all of
 * that is equal, the first of `queues`.
 */
export function createFairOrder<Queue extends MemberQueue>(
  queues: Iterable<Queue>,
  { running, lastTurn }: { running: ReadonlyMap<string, number>; lastTurn: number },
): FairOrder<Queue> {
  const open = new Set(queues)
  const runningNow = new Map(running)
  let turn = lastTurn
  const rank = (queue: Queue) => [runningNow.get(queue.guildId) ?? 0, queue.guildServed, queue.memberServed]
  return {
    next: () => {
      const [first, ...others] = open
      return first && others.reduce((best, other) => (isBefore(rank(other), rank(best)) ? other : best), first)
    },
    serve: (queue) => {
      turn += 1
      runningNow.set(queue.guildId, (runningNow.get(queue.guildId) ?? 0) + 1)
      for (const other of open) if (other.guildId === queue.guildId) other.guildServed = turn
      queue.memberServed = turn
      queue.queued -= 1
      if (queue.queued === 0) open.delete(queue)
      return turn
    },
    remove: (queue) => void open.delete(queue),
  }
}

function isBefore(left: readonly number[], right: readonly number[]): boolean {
  const index = left.findIndex((value, position) => value !== right[position])
  return index >= 0 && (left[index] ?? 0) < (right[index] ?? 0)
}
