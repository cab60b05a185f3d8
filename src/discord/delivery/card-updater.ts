import type { Clock } from '../../lib/clock.ts'

/** A write that did not come through: the same content is worth another try after `retryInMs` milliseconds of the clock, unless newer comes. */
export interface Postponed {
  retryInMs: number
}

/** One writer per message, so that its writes can neither overtake one another nor pile up. */
export interface CardWriter<Body> {
  /**
   * The newest content replaces whatever still waits. It goes out once nothing is in flight: at once if `state` is news, otherwise no
   * sooner than the spacing after the last write; and in any case not while a write is postponed. Ignored after `finish`.
   */
  offer(state: string, body: Body): void
  /**
   * Drops what waits, calls off the write in flight (which is waited for all the same), runs the last write and closes the writer, whether
   * it succeeds or not. Several last writes run one after the other, in the order in which they were asked for.
   */
  finish<Result>(write: () => Promise<Result>): Promise<Result>
  /** Lets news go out, drops what waits only for the spacing, and resolves when nothing is in flight any more. The writer stays open. */
  drain(): Promise<void>
}

export interface CardWriterOptions<Body> {
  clock: Clock
  /** Must not reject: what a failed write means is known to whoever writes. `calledOff`: what has not left yet need not leave any more. */
  write: (body: Body, calledOff: AbortSignal) => Promise<Postponed | undefined>
  /** Milliseconds of the clock between two writes of the same state. Discord allows about five edits in five seconds. */
  spacingMs?: number
}

interface Offer<Body> {
  state: string
  body: Body
}

export function createCardWriter<Body>({ clock, write, spacingMs = 3000 }: CardWriterOptions<Body>): CardWriter<Body> {
  let waiting: Offer<Body> | undefined
  let written: { state: string; at: number } | undefined
  let inFlight: Promise<void> | undefined
  let pause: AbortController | undefined
  let postponedUntil = 0
  let closed = false
  const closing = new AbortController()
  let lastWrite: Promise<unknown> = Promise.resolve()

  function advance(): void {
    if (closed || inFlight || !waiting) return
    const spaced = written && waiting.state === written.state ? written.at + spacingMs : 0
    const due = Math.max(spaced, postponedUntil) - clock.now()
    if (due > 0) {
      wait(due)
      return
    }
    pause?.abort()
    pause = undefined
    const current = waiting
    waiting = undefined
    written = { state: current.state, at: clock.now() }
    inFlight = write(current.body, closing.signal).then(
      (postponed) => done(current, postponed),
      () => done(current),
    )
  }

  function done(current: Offer<Body>, postponed?: Postponed): void {
    inFlight = undefined
    // Counted from the end: a slow edit must not be followed by the next one at once.
    if (written) written.at = clock.now()
    if (postponed) {
      postponedUntil = clock.now() + postponed.retryInMs
      waiting ??= current
    }
    advance()
  }

  function wait(milliseconds: number): void {
    if (pause) return
    const own = new AbortController()
    pause = own
    const notify = () => {
      if (pause !== own) return
      pause = undefined
      advance()
    }
    clock.sleep(milliseconds, { signal: own.signal }).then(notify, notify)
  }

  function dropWaiting(): void {
    waiting = undefined
    pause?.abort()
    pause = undefined
  }

  return {
    offer(state, body) {
      if (closed) return
      waiting = { state, body }
      advance()
    },
    finish(last) {
      closed = true
      dropWaiting()
      closing.abort(new Error('overtaken by the last write'))
      const own = Promise.allSettled([lastWrite, inFlight]).then(() => last())
      lastWrite = own
      return own
    },
    async drain() {
      while (inFlight) await inFlight
      dropWaiting()
    },
  }
}
