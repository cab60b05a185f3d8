export interface BatchOptions<Item, Result> {
  /** Does the work of all items at once. Returns for each, in their order, a function that returns its result or throws its error. */
  work: (items: readonly Item[]) => Promise<readonly (() => Result)[]>
  /** The most items of one batch. */
  most: number
  /** Whether an error of a batch may come from one of its items alone. Then nothing of it was done, and each item is tried by itself. */
  mayBeOfOne?: (error: unknown) => boolean
}

interface Waiting<Item, Result> extends PromiseWithResolvers<Result> {
  item: Item
}

/** Returns a function that adds an item to the next batch. One batch runs at a time, and what is added meanwhile becomes the next one. */
export function createBatches<Item, Result>(options: BatchOptions<Item, Result>): (item: Item) => Promise<Result> {
  const { work, most, mayBeOfOne = () => false } = options
  let waiting: Waiting<Item, Result>[] = []
  let isRunning = false

  async function runWaiting(): Promise<void> {
    do {
      // What is added in one turn of the event loop belongs together, and other work gets its turn between two batches.
      await new Promise((resolve) => setImmediate(resolve))
      const batch = waiting.slice(0, most)
      waiting = waiting.slice(most)
      await run(batch)
    } while (waiting.length > 0)
    isRunning = false
  }

  async function run(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    try {
      const results = await work(batch.map(({ item }) => item))
      for (const [index, { resolve, reject }] of batch.entries()) settle(results[index], resolve, reject)
    } catch (error) {
      if (batch.length > 1 && mayBeOfOne(error)) await runEach(batch)
      else for (const { reject } of batch) reject(error)
    }
  }

  /** One after the other, until an error is that of all. */
  async function runEach(batch: readonly Waiting<Item, Result>[]): Promise<void> {
    let failed: { error: unknown } | undefined
    for (const { item, resolve, reject } of batch) {
      try {
        if (failed) throw failed.error
        const [result] = await work([item])
        settle(result, resolve, reject)
      } catch (error) {
        reject(error)
        if (!mayBeOfOne(error)) failed = { error }
      }
    }
  }

  return (item) => {
    const added = { item, ...Promise.withResolvers<Result>() }
    waiting.push(added)
    if (!isRunning) {
      isRunning = true
      void runWaiting()
    }
    return added.promise
  }
}

function settle<Result>(result: (() => Result) | undefined, resolve: (result: Result) => void, reject: (error: unknown) => void): void {
  try {
    if (!result) throw new Error('a batch returned too few results')
    resolve(result())
  } catch (error) {
    reject(error)
  }
}
