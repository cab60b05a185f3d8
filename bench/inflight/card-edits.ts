import type { LocalDiscord } from '../../sandbox/discord/local-discord.ts'

export interface EditCount {
  edits: number
  busiestSecond: number
}

/** Counts edits of messages, by either kind of token, until the returned function is called. */
export function countEdits(discord: LocalDiscord): () => EditCount {
  const times: number[] = []
  discord.faults.failNext(
    {
      method: 'PATCH',
      when: () => {
        times.push(performance.now())
        // Nothing fails.
        return false
      },
    },
    'reset',
    { times: Infinity },
  )
  return () => {
    const edits = times.length
    let busiestSecond = 0
    // Any second, not only those of the clock.
    for (let last = 0, first = 0; last < edits; last += 1) {
      while ((times[last] ?? 0) - (times[first] ?? 0) >= 1000) first += 1
      busiestSecond = Math.max(busiestSecond, last - first + 1)
    }
    return { edits, busiestSecond }
  }
}
