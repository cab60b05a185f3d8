import { type Clock, sleep } from '../../lib/clock.ts'

/** Milliseconds between two writes of the same state. Discord allows about five edits in five seconds. */
const spacingMs = 3000

/**
 * The single writer of one message, so that its writes neither overtake one another nor pile up.
 *
 * `write` must not reject; it resolves with the milliseconds after which to retry, unless newer content arrives. `aborted`: a write that has not
 * been sent yet is no longer needed.
 */
export function createCardUpdater<Body>(write: (body: Body, aborted: AbortSignal) => Promise<number | undefined>, clock: Clock) {
  let waiting: { state: string; body: Body } | undefined
  let written: { state: string; at: number } | undefined
  let inFlight: Promise<void> | undefined
  let pause: AbortController | undefined
  let retryAt = 0
  let closed = false
  const closing = new AbortController()
  let finalWrite: Promise<unknown> = Promise.resolve()

  function advance(): void {
    if (closed || inFlight || !waiting) return
    const spaced = written && waiting.state === written.state ? written.at + spacingMs : 0
    const delay = Math.max(spaced, retryAt) - clock.now()
    if (delay > 0) void advanceAfter(delay)
    else inFlight = writeNext(waiting)
  }

  async function writeNext(next: { state: string; body: Body }): Promise<void> {
    dropWaiting()
    const retryInMs = await write(next.body, closing.signal).catch(() => undefined)
    inFlight = undefined
    // Measured from the end, so that a slow edit is not followed by the next one at once.
    written = { state: next.state, at: clock.now() }
    if (retryInMs !== undefined) {
      retryAt = clock.now() + retryInMs
      waiting ??= next
    }
    advance()
  }

  async function advanceAfter(milliseconds: number): Promise<void> {
    if (pause) return
    const own = (pause = new AbortController())
    await sleep(milliseconds, own.signal, clock)
    if (pause !== own) return
    pause = undefined
    advance()
  }

  function dropWaiting(): void {
    waiting = undefined
    pause?.abort()
    pause = undefined
  }

  /**
   * Replaces any content that still waits. Written as soon as no write is in flight: at once if `state` changed, otherwise after the spacing, and
   * never before the delay of a failed write is over. Ignored after `finish`.
   */
  function offer(state: string, body: Body): void {
    if (closed) return
    waiting = { state, body }
    advance()
  }

  /**
   * Drops waiting content, aborts the write in flight, waits for it to end and then runs the final write. Closes the updater even if the write
   * fails. Several final writes run one after the other, in the order of the calls.
   */
  function finish<Result>(last: () => Promise<Result>): Promise<Result> {
    closed = true
    dropWaiting()
    closing.abort(new Error('overtaken by the final write'))
    const own = Promise.allSettled([finalWrite, inFlight]).then(() => last())
    finalWrite = own
    return own
  }

  /** Writes a changed state, drops content that waits only for the spacing, and resolves once no write is in flight. Does not close the updater. */
  async function drain(): Promise<void> {
    while (inFlight) await inFlight
    dropWaiting()
  }

  return { offer, finish, drain }
}
