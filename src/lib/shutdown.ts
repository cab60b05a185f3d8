import type { Log } from './log.ts'
import { sleep } from './sleep.ts'

/** What the process has opened, and the one way in which it is closed. */
export interface Shutdown {
  /** Aborted, with the reason, as soon as closing begins. */
  readonly begun: AbortSignal
  /**
   * Closed before everything that was named earlier; given up after `withinMs` milliseconds of the wall. Where closing has begun it is closed
   * all the same, and this throws the reason: nothing more may be started then.
   */
  own(part: string, close: () => unknown, options?: { withinMs?: number }): void
  /** Closes everything, newest first. Never rejects. Whoever asks again waits for the same end, whatever the first one's reason was. */
  run(reason: Error): Promise<void>
}

interface Owned {
  part: string
  close: () => unknown
  withinMs: number
}

const usualMs = 3000

export function createShutdown(log: Log): Shutdown {
  const owned: Owned[] = []
  const begun = new AbortController()
  let closed = Promise.resolve()

  async function closeAll(): Promise<void> {
    for (let last = owned.pop(); last; last = owned.pop()) await closeOne(last, log)
  }

  return {
    begun: begun.signal,
    own(part, close, { withinMs = usualMs } = {}) {
      owned.push({ part, close, withinMs })
      if (!begun.signal.aborted) return
      closed = closed.then(closeAll)
      begun.signal.throwIfAborted()
    },
    run(reason) {
      if (!begun.signal.aborted) {
        begun.abort(reason)
        closed = closeAll()
      }
      return closed
    },
  }
}

/** Neither a part that fails to close nor one that hangs keeps the others from being closed. */
async function closeOne({ part, close, withinMs }: Owned, log: Log): Promise<void> {
  const ended = new AbortController()
  const closing = (async () => {
    await close()
  })().catch((error: unknown) => log.warn({ part, error }, 'a part did not close cleanly'))
  const late = sleep(withinMs, ended.signal)
  if (await Promise.race([closing.then(() => false), late])) {
    log.warn({ part, withinMs }, 'a part took too long to close and is given up; what is unfinished is taken up at the next start')
  }
  ended.abort()
}
