import type { Log } from './log.ts'
import { sleep } from './clock.ts'

/** What the process has opened, and the one way in which it is closed. */
export interface Shutdown {
  /** Aborted, with the reason, as soon as closing begins. */
  readonly begun: AbortSignal
  /**
   * Adds a part, to be closed before all earlier ones and abandoned after `withinMs` milliseconds. If closing has already begun, the part is still
   * closed, and this throws the reason: nothing more may be started.
   */
  own(part: string, close: () => unknown, options?: { withinMs?: number }): void
  /** Closes everything, newest first. Never rejects. Later calls wait for the same end, whatever their reason. */
  run(reason: Error): Promise<void>
  /**
   * Logs why the process cannot continue and closes everything. `onFatal` is called before any `run` resolves, also one that began earlier. Only the
   * first call has an effect.
   */
  fail(reason: string): void
}

export interface ShutdownOptions {
  log: Log
  /** Begins the shutdown when it is aborted. */
  signal?: AbortSignal | undefined
  onFatal?: ((reason: string) => void) | undefined
}

const defaultCloseMs = 3000

export function createShutdown({ log, signal, onFatal }: ShutdownOptions): Shutdown {
  const parts: (() => Promise<void>)[] = []
  const begun = new AbortController()
  let closed = Promise.resolve()
  let failure: string | undefined
  let reported = false

  async function closeAll(): Promise<void> {
    for (let close = parts.pop(); close; close = parts.pop()) await close()
  }

  async function run(reason: Error): Promise<void> {
    if (!begun.signal.aborted) {
      begun.abort(reason)
      closed = closeAll()
    }
    await closed
    if (failure === undefined || reported) return
    reported = true
    onFatal?.(failure)
  }

  const onAbort = () => void run(signal?.reason as Error)
  if (signal?.aborted) onAbort()
  else signal?.addEventListener('abort', onAbort, { once: true })

  return {
    begun: begun.signal,
    run,
    own(name, close, { withinMs = defaultCloseMs } = {}) {
      parts.push(() => closePart(name, close, withinMs, log))
      if (!begun.signal.aborted) return
      closed = closed.then(closeAll)
      begun.signal.throwIfAborted()
    },
    fail(reason) {
      if (failure !== undefined) return
      failure = reason
      log.error({}, reason)
      void run(new Error(reason))
    },
  }
}

/** A part that fails to close, or never finishes, does not keep the others open. */
async function closePart(part: string, close: () => unknown, withinMs: number, log: Log): Promise<void> {
  const ended = new AbortController()
  const closing = (async () => {
    await close()
  })().catch((error: unknown) => log.warn({ part, error }, 'part failed to close'))
  const late = sleep(withinMs, ended.signal)
  if (await Promise.race([closing.then(() => false), late])) {
    log.warn({ part, withinMs }, 'part did not close in time and was abandoned; unfinished work resumes at the next start')
  }
  ended.abort()
}
