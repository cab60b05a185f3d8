import type { Generation } from '../../generations/model/generation.ts'

import { CardMessage } from './card-message.ts'
import type { ProgressContext } from './context.ts'
import { Progress } from './progress-updates.ts'

export interface Card {
  cardMessage: CardMessage
  progress: Progress
}

/** A card that another process ends is never closed here, so the oldest ones are dropped; a dropped card learns its routes again. */
const maxOpen = 20_000
const maxFinished = 1000

/** The cards that this process writes, with what it learned about the routes to them. */
export function createOpenCards(context: ProgressContext) {
  const cards = new Map<string, Card & { closers: number }>()
  const finished = new Set<string>()

  function of(generation: Generation): Card & { closers: number } {
    const known = cards.get(generation.id)
    if (known) return known
    const cardMessage = new CardMessage(generation, context)
    const progress = new Progress(cardMessage, generation.messageId !== undefined, context)
    const card = { cardMessage, progress, closers: 0 }
    cards.set(generation.id, card)
    dropOldest(cards, maxOpen)
    return card
  }

  /** Drops what is known of the card, unless another `closing` still needs it. */
  function forget({ id }: Generation): void {
    if ((cards.get(id)?.closers ?? 0) <= 1) cards.delete(id)
  }

  return {
    of,
    /** Whether this card has its final message, so that an outdated state must not overwrite it. */
    isFinished: ({ id }: Generation) => finished.has(id),
    /** Runs work that ends the card. Concurrent calls share the card, whose progress runs their final writes one after the other. */
    async closing<Result>(generation: Generation, work: (card: Card) => Promise<Result>): Promise<Result> {
      const card = of(generation)
      card.closers += 1
      try {
        return await work(card)
      } finally {
        card.closers -= 1
      }
    },
    /** The card has its final message. */
    close(generation: Generation): void {
      forget(generation)
      // A held generation can still get its clip.
      if (generation.state === 'held') return
      finished.add(generation.id)
      dropOldest(finished, maxFinished)
    },
    forget,
    async drain() {
      await Promise.all(Array.from(cards.values(), ({ progress }) => progress.drain()))
    },
  }
}

function dropOldest(entries: Map<string, unknown> | Set<string>, max: number): void {
  if (entries.size > max) for (const oldest of entries.keys().take(1)) entries.delete(oldest)
}
