/** What one member has in the queue. */
export interface MemberQueue {
  guildId: string
  memberId: string
  /** How many requests are queued. */
  queued: number
  /** When the guild, and the member in it, were last served: numbered turns; 0 for never. */
  guildServed: number
  memberServed: number
}

/** The order in which the queue is served, one turn at a time. The cost of a step grows with the members who wait, not with their requests. */
export interface FairOrder<Queue extends MemberQueue> {
  /** Whose oldest request is next; undefined once nothing is queued. */
  next(): Queue | undefined
  /** Counts one request of the member that is next as served. Returns the number of the turn. */
  serve(queue: Queue): number
  /** Removes the members for whom this is false. */
  keep(isKept: (queue: Queue) => boolean): void
}

interface Guild<Queue> {
  running: number
  served: number
  /** The member longest unserved first. */
  members: Queue[]
}

/**
 * The guild with the fewest running requests comes first, then the one longest unserved; inside it the member longest unserved. Where all of
 * that is equal, the first of `queues`.
 */
export function createFairOrder<Queue extends MemberQueue>(
  queues: Iterable<Queue>,
  { running, lastTurn }: { running: ReadonlyMap<string, number>; lastTurn: number },
): FairOrder<Queue> {
  let turn = lastTurn
  const guilds = new Map<string, Guild<Queue>>()
  for (const [guildId, members] of Map.groupBy(queues, (queue) => queue.guildId)) {
    const served = members[0]?.guildServed ?? 0
    guilds.set(guildId, { running: running.get(guildId) ?? 0, served, members: members.toSorted(byLastTurn) })
  }
  // By their running requests; the guild longest unserved is the first of its list, and one that was just served joins the end of the next list.
  const levels = Map.groupBy(
    [...guilds.values()].sort((left, right) => left.served - right.served),
    (guild) => guild.running,
  )

  function nextGuild(): Guild<Queue> | undefined {
    while (levels.size > 0) {
      const fewest = Math.min(...levels.keys())
      const level = levels.get(fewest) ?? []
      while (level[0]?.members.length === 0) level.shift()
      if (level[0]) return level[0]
      levels.delete(fewest)
    }
    return undefined
  }

  return {
    next: () => nextGuild()?.members[0],
    serve: (queue) => {
      const guild = nextGuild()
      if (guild?.members[0] !== queue) throw new Error('another member is next')
      turn += 1
      guild.members.shift()
      queue.queued -= 1
      if (queue.queued > 0) guild.members.push(queue)
      levels.get(guild.running)?.shift()
      guild.running += 1
      const level = levels.get(guild.running)
      if (level) level.push(guild)
      else levels.set(guild.running, [guild])
      return turn
    },
    keep: (isKept) => {
      for (const guild of guilds.values()) guild.members = guild.members.filter(isKept)
    },
  }
}

/**
 * How many requests the fair order serves before one that comes after `earlier` others of its member, without walking through them: the cost grows with the
 * members who wait. Counts what is queued at each call.
 */
export function createFairPositions(
  queues: Iterable<MemberQueue>,
  running: ReadonlyMap<string, number>,
): (queue: MemberQueue, earlier: number) => number {
  const guilds = [...Map.groupBy(queues, (queue) => queue.guildId).entries()]
    .map(([guildId, members]) => ({ guildId, running: running.get(guildId) ?? 0, members: members.toSorted(byLastTurn) }))
    .sort((left, right) => right.running - left.running || (left.members[0]?.guildServed ?? 0) - (right.members[0]?.guildServed ?? 0))
  const positions = new Map(guilds.map((guild, index) => [guild.guildId, { guild, index }]))

  return (queue, earlier) => {
    const own = positions.get(queue.guildId)
    if (!own) return 0
    const place = own.guild.members.indexOf(queue)
    // Each member has as many turns before this one; those who are first in the round have one more.
    const inGuild = sum(own.guild.members, ({ queued }, index) =>
      index === place ? earlier : Math.min(queued, earlier + (index < place ? 1 : 0)),
    )
    // A guild is served at each number of running clips from its present one on; at equal numbers in the order of `guilds`.
    const level = own.guild.running + inGuild
    return guilds.reduce((ahead, { running: from, members }, index) => {
      if (index === own.index) return ahead
      const turns = level - from + (index < own.index ? 1 : 0)
      return turns <= 0
        ? ahead
        : ahead +
            Math.min(
              sum(members, ({ queued }) => queued),
              turns,
            )
    }, inGuild)
  }
}

function sum<Item>(items: readonly Item[], countOf: (item: Item, index: number) => number): number {
  return items.reduce((total, item, index) => total + countOf(item, index), 0)
}

function byLastTurn(left: MemberQueue, right: MemberQueue): number {
  return left.memberServed - right.memberServed
}
