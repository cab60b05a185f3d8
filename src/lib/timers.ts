import { setImmediate } from 'node:timers/promises'

import { type Clock, sleep } from './clock.ts'

/** Something that waits for one moment at a time. Its fields belong to its `Timers`. */
export abstract class Timed {
  /** Its place in the heap; -1 while it does not wait. */
  heapIndex = -1
  /** On the time line of its `Timers`. */
  dueAt = Infinity
  /** Must not throw. What takes long it starts without waiting for it. */
  abstract onDue(): void
}

/** Any number of waits, with one timer of the clock for all of them. */
export interface Timers {
  /** `timed.onDue` is called in so many milliseconds, instead of at the moment that it waited for before. Infinity: never. */
  set(timed: Timed, milliseconds: number): void
  clear(timed: Timed): void
  /** Milliseconds on a time line that begins with these timers, and that a clock which is set back does not set back. */
  now(): number
  /** How many wait. */
  readonly size: number
}

/** So many calls are made in one turn of the event loop: thousands that are due at once must not block it. */
const callsPerTurn = 50

export function createTimers(clock: Clock): Timers {
  const heap: Timed[] = []
  let sleeping: { end: AbortController; until: number } | undefined
  let isRunning = false
  let time = 0
  let read = clock.now()

  function now(): number {
    const current = clock.now()
    time += Math.max(0, current - read)
    read = current
    return time
  }

  function scheduleNext(): void {
    const [first] = heap
    // An earlier sleep finds out itself that nothing is due yet.
    if (isRunning || (first && sleeping && sleeping.until <= first.dueAt)) return
    sleeping?.end.abort()
    sleeping = undefined
    if (first) void sleepUntil(first.dueAt)
  }

  async function sleepUntil(until: number): Promise<void> {
    const own = { end: new AbortController(), until }
    sleeping = own
    const hasPassed = await sleep(Math.max(0, until - now()), own.end.signal, clock)
    // A clock that fails must not keep the process from everything else.
    if (!hasPassed) await setImmediate()
    if (sleeping !== own) return
    sleeping = undefined
    now()
    time = Math.max(time, until)
    await runDue()
  }

  async function runDue(): Promise<void> {
    isRunning = true
    let calls = 0
    for (let [first] = heap; first && first.dueAt <= now(); [first] = heap) {
      if (calls === callsPerTurn) {
        calls = 0
        await setImmediate()
        continue
      }
      calls += 1
      remove(first)
      first.onDue()
    }
    isRunning = false
    scheduleNext()
  }

  function remove(timed: Timed): void {
    const index = timed.heapIndex
    if (heap[index] !== timed) return
    timed.heapIndex = -1
    timed.dueAt = Infinity
    const last = heap.pop()
    if (last && last !== timed) settle(last, index)
  }

  /** Puts it where it belongs, given that its place is free and everything else is in order. */
  function settle(timed: Timed, free: number): void {
    let index = free
    for (let parent = (index - 1) >> 1; index > 0 && isLater(heap[parent], timed); parent = (index - 1) >> 1) index = move(parent, index)
    for (;;) {
      const [left, right] = [heap[2 * index + 1], heap[2 * index + 2]]
      const child = left && right && isLater(left, right) ? right : left
      if (!isLater(timed, child)) break
      index = move(child?.heapIndex ?? index, index)
    }
    put(timed, index)
  }

  /** Returns the place that is free then. */
  function move(from: number, to: number): number {
    const timed = heap[from]
    if (timed) put(timed, to)
    return from
  }

  function put(timed: Timed, index: number): void {
    heap[index] = timed
    timed.heapIndex = index
  }

  return {
    now,
    set(timed, milliseconds) {
      remove(timed)
      if (milliseconds !== Infinity) {
        timed.dueAt = now() + milliseconds
        settle(timed, heap.length)
      }
      scheduleNext()
    },
    clear(timed) {
      remove(timed)
      if (heap.length === 0) scheduleNext()
    },
    get size() {
      return heap.length
    },
  }
}

function isLater(one: Timed | undefined, other: Timed | undefined): boolean {
  return one !== undefined && other !== undefined && one.dueAt > other.dueAt
}
