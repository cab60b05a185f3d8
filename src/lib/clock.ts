/** Time as the bot sees it; injected, so that tests and the sandbox can choose how fast it passes. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Resolves after `milliseconds` of this clock, or rejects with the signal's reason as soon as it is aborted. */
  sleep(milliseconds: number, options?: { signal?: AbortSignal | undefined }): Promise<void>
}

/** A clock that runs `rate` times as fast as the wall; 1 is the wall itself. */
export function createClock(rate = 1): Clock {
  const startedAt = Date.now()
  return {
    now: () => (rate === 1 ? Date.now() : Math.round(startedAt + (Date.now() - startedAt) * rate)),
    sleep: (milliseconds, { signal } = {}) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error)
          return
        }
        const timer = setTimeout(
          () => {
            signal?.removeEventListener('abort', stop)
            resolve()
          },
          Math.max(0, milliseconds / rate),
        )
        function stop() {
          clearTimeout(timer)
          reject(signal?.reason as Error)
        }
        signal?.addEventListener('abort', stop, { once: true })
      }),
  }
}
