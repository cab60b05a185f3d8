export interface ConcurrencyLimitOptions {
  /** How many pieces of work run at once. */
  most: number
  /** Aborted: what has not begun rejects with its reason. */
  signal?: AbortSignal | undefined
}

/** Returns a function that runs work in the order of the calls, a limited number at once. */
export function createConcurrencyLimit({ most, signal }: ConcurrencyLimitOptions) {
  let running = 0
  let waiting: PromiseWithResolvers<undefined>[] = []
  const onAbort = () => {
    for (const { reject } of waiting) reject(signal?.reason)
    waiting = []
  }
  signal?.addEventListener('abort', onAbort, { once: true })

  async function turn(): Promise<void> {
    signal?.throwIfAborted()
    if (running < most) {
      running += 1
      return
    }
    const own = Promise.withResolvers<undefined>()
    waiting.push(own)
    // Whoever ends hands over its place.
    await own.promise
  }

  return async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await turn()
    try {
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next.resolve(undefined)
      else running -= 1
    }
  }
}
