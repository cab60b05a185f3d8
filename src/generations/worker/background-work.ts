import type { Log } from '../../lib/log.ts'

/** Work beside the checks, each kind once at a time: a provider that responds slowly must not delay the others. */
export interface BackgroundWork {
  /** Starts this kind of work unless it is under way. A failure is logged, unless it comes from the `pause`. */
  run(kind: string, pause: AbortSignal, start: () => Promise<void>): void
  /** Resolves once nothing is under way. */
  ended(): Promise<void>
}

export function createBackgroundWork(log: Log): BackgroundWork {
  const underWay = new Map<string, Promise<void>>()
  return {
    run: (kind, pause, start) => {
      if (underWay.has(kind)) return
      const ended = start()
        .catch((error: unknown) => {
          if (!pause.aborted) log.error({ error, work: kind }, 'background work failed; trying again')
        })
        .finally(() => underWay.delete(kind))
      underWay.set(kind, ended)
    },
    ended: async () => {
      await Promise.all(underWay.values())
    },
  }
}
