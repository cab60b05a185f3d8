import { setTimeout as wait } from 'node:timers/promises'

/**
 * Calls `send` with 0, 1, 2 and so on at a fixed rate by the clock, whether or not there were answers: a slow bot does not slow down the load. What is late
 * is sent at once.
 * @returns how late the latest one was, in milliseconds
 */
export async function sendAtRate(
  { perSecond, seconds }: { perSecond: number; seconds: number },
  send: (index: number) => void,
): Promise<number> {
  const count = perSecond * seconds
  const startedAt = performance.now()
  let latest = 0
  for (let index = 0; index < count; index += 1) {
    const dueAt = startedAt + (index * 1000) / perSecond
    // Node's timers fire up to a millisecond early or late; the next one is due by the clock again.
    while (performance.now() < dueAt) await wait(Math.max(1, dueAt - performance.now()))
    latest = Math.max(latest, performance.now() - dueAt)
    send(index)
  }
  return latest
}
