import { EventEmitter } from 'node:events'

/** Wakes whoever has to act when somebody left something in the store, in this process or, on a shared store, in any other. */
export interface Notifier {
  /** Something was left for the owner of a generation: a wish to cancel, a webhook. */
  notify(generationId: string): void
  /** Calls back at each wake; returns the way to stop listening. */
  onNotification(generationId: string, listener: () => void): () => void
  /** There may be work to claim, or room for it. */
  notifyWork(): void
  /** Calls back at each announcement; returns the way to stop listening. */
  onWork(listener: () => void): () => void
  close(): Promise<void>
}

/** Within this process. */
export function createNotifier(): Notifier & { readonly listenedFor: () => string[] } {
  const generations = new EventEmitter()
  const work = new EventEmitter()
  generations.setMaxListeners(0)
  work.setMaxListeners(0)
  const listen = (emitter: EventEmitter, event: string, listener: () => void) => {
    emitter.on(event, listener)
    return () => void emitter.off(event, listener)
  }
  return {
    notify: (generationId) => void generations.emit(generationId),
    onNotification: (generationId, listener) => listen(generations, generationId, listener),
    notifyWork: () => void work.emit('work'),
    onWork: (listener) => listen(work, 'work', listener),
    listenedFor: () => generations.eventNames().map(String),
    close: () => Promise.resolve(),
  }
}
