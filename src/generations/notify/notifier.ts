import { EventEmitter } from 'node:events'

/** Announces that something was left in the store: to this process and, on a shared store, to all others. */
export interface Notifier {
  /** Something was left for the owner of a generation: a cancel request, a webhook. */
  notify(generationId: string): void
  /** Returns the function that stops listening. */
  onNotification(generationId: string, listener: () => void): () => void
  /** There may be work to claim, or capacity for it. */
  notifyWork(): void
  /** Returns the function that stops listening. */
  onWork(listener: () => void): () => void
  close(): Promise<void>
}

export interface LocalNotifier extends Notifier {
  /** The generations that have a listener. */
  readonly listenedIds: () => string[]
}

/** Within this process. */
export function createNotifier(): LocalNotifier {
  const generations = new EventEmitter().setMaxListeners(0)
  const work = new EventEmitter().setMaxListeners(0)
  const listen = (emitter: EventEmitter, event: string, listener: () => void) => {
    emitter.on(event, listener)
    return () => void emitter.off(event, listener)
  }
  return {
    notify: (generationId) => void generations.emit(generationId),
    onNotification: (generationId, listener) => listen(generations, generationId, listener),
    notifyWork: () => void work.emit('work'),
    onWork: (listener) => listen(work, 'work', listener),
    listenedIds: () => generations.eventNames().map(String),
    close: () => Promise.resolve(),
  }
}
