/** Work of which only so much of one kind is under way at once. */
export interface KeyedLimit {
  /** Runs the work when it is its turn: what is urgent first, then in order. `waiter` is whoever waits, for one turn at a time. */
  run<Result>(kind: string, { waiter, urgent }: { waiter: object; urgent: boolean }, work: () => Promise<Result>): Promise<Result>
  /** Makes this waiter urgent, if it waits. */
  prioritize(kind: string, waiter: object): void
  /** Ends its wait, if it waits: its work, which has only to notice that it is not wanted any more, runs besides the others. */
  release(kind: string, waiter: object): void
}

interface Queue {
  underWay: number
  urgent: Map<object, () => void>
  others: Map<object, () => void>
}

export function createKeyedLimit(atOnce: number): KeyedLimit {
  const queues = new Map<string, Queue>()

  function queueOf(kind: string): Queue {
    const queue = queues.get(kind) ?? { underWay: 0, urgent: new Map(), others: new Map() }
    queues.set(kind, queue)
    return queue
  }

  /** The place of one whose work has ended goes to the next. */
  function startNext(queue: Queue): void {
    if (queue.underWay > atOnce) {
      queue.underWay -= 1
      return
    }
    const waiting = queue.urgent.size > 0 ? queue.urgent : queue.others
    for (const [waiter, start] of waiting) {
      waiting.delete(waiter)
      start()
      return
    }
    queue.underWay -= 1
  }

  return {
    async run(kind, { waiter, urgent }, work) {
      const queue = queueOf(kind)
      if (queue.underWay < atOnce) queue.underWay += 1
      else await new Promise<void>((resolve) => (urgent ? queue.urgent : queue.others).set(waiter, resolve))
      try {
        return await work()
      } finally {
        startNext(queue)
      }
    },
    prioritize(kind, waiter) {
      const { urgent, others } = queueOf(kind)
      const start = others.get(waiter)
      if (!start) return
      others.delete(waiter)
      urgent.set(waiter, start)
    },
    release(kind, waiter) {
      const queue = queueOf(kind)
      const start = queue.urgent.get(waiter) ?? queue.others.get(waiter)
      if (!start) return
      queue.urgent.delete(waiter)
      queue.others.delete(waiter)
      queue.underWay += 1
      start()
    },
  }
}
