/**
 * Waits until `start` calls its argument.
 * @param start returns what to undo when the wait is aborted
 * @throws the signal's reason when it is aborted
 */
export function abortableWait(signal: AbortSignal, start: (resolve: () => void) => () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted()
    const abort = () => {
      undo()
      reject(signal.reason as Error)
    }
    signal.addEventListener('abort', abort, { once: true })
    const undo = start(() => {
      signal.removeEventListener('abort', abort)
      resolve()
    })
  })
}
