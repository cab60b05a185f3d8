import { EventEmitter } from 'node:events'

/** Wakes the owner of a generation when somebody left a wish for it in the store. */
export interface Wishes {
  announceCancel(generationId: string): void
  /** Calls back at each announcement; returns the way to stop listening. */
  onCancel(generationId: string, listener: () => void): () => void
}

export function createWishes(): Wishes {
  const announcements = new EventEmitter()
  announcements.setMaxListeners(0)
  return {
    announceCancel: (generationId) => void announcements.emit(generationId),
    onCancel: (generationId, listener) => {
      announcements.on(generationId, listener)
      return () => void announcements.off(generationId, listener)
    },
  }
}
