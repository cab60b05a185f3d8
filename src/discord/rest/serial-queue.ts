/** Lines in which calls wait their turn, and can be called off until it comes. */
export interface Lanes {
  /** Runs the call once every earlier one of the same lane is over. Throws the signal's reason instead if it is aborted before its turn. */
  take<Result>(lane: string, calledOff: AbortSignal, call: () => Promise<Result>): Promise<Result>
}

export function createLanes(): Lanes {
  /** When the last one in each lane is over. */
  const ends = new Map<string, Promise<unknown>>()
  return {
    async take(lane, calledOff, call) {
      const before = ends.get(lane) ?? Promise.resolve()
      const over = Promise.withResolvers<undefined>()
      // Whoever steps out of the line must not let those behind pass the one in front.
      const end = Promise.all([before, over.promise])
      ends.set(lane, end)
      void end.then(() => ends.get(lane) === end && ends.delete(lane))
      const left = Promise.withResolvers<never>()
      const leave = () => left.reject(calledOff.reason)
      calledOff.addEventListener('abort', leave, { once: true })
      try {
        calledOff.throwIfAborted()
        await Promise.race([before, left.promise])
        calledOff.removeEventListener('abort', leave)
        return await call()
      } finally {
        calledOff.removeEventListener('abort', leave)
        over.resolve(undefined)
      }
    },
  }
}
