import { setTimeout as sleep } from 'node:timers/promises'

/** Waits by the wall's time, which is what processes are to one another. True once it has passed, false at once if the signal is aborted. */
export async function waited(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(milliseconds, undefined, { signal })
    return true
  } catch {
    return false // only the signal ends this sleep
  }
}
