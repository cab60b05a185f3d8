/** Milliseconds of work after which the event loop gets a turn. */
const longestMs = 2

/**
 * SQLite answers synchronously, so waiting statements follow one another as microtasks: hundreds of them would run before the process read a socket
 * again, and Discord allows three seconds for an acknowledgement. The returned function resolves after a turn of the event loop where one is due; call
 * it before each use of the connection.
 */
export function createEventLoopTurns(): () => Promise<void> {
  let begunAt: number | undefined
  return async () => {
    if (begunAt !== undefined && performance.now() - begunAt >= longestMs) await new Promise((resolve) => setImmediate(resolve))
    // Undefined again after the turn: the immediate below was first.
    if (begunAt !== undefined) return
    begunAt = performance.now()
    setImmediate(() => {
      begunAt = undefined
    })
  }
}
