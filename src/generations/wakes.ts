import { EventEmitter } from 'node:events'

/** Wakes the owner of a generation when somebody left something for it in the store: a wish to cancel, a webhook. */
export interface Wakes {
  wake(generationId: string): void
  /** Calls back at each wake; returns the way to stop listening. */
  onWake(generationId: string, listener: () => void): () => void
}

export function createWakes(): Wakes {
  const wakes = new EventEmitter()
  wakes.setMaxListeners(0)
  return {
    wake: (generationId) => void wakes.emit(generationId),
    onWake: (generationId, listener) => {
      wakes.on(generationId, listener)
      return () => void wakes.off(generationId, listener)
    },
  }
}
