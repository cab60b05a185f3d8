import type { CardDeletions, Delivery } from '../../generations/model/delivery-port.ts'
import { isOver } from '../../generations/model/generation.ts'
import { createLogSummary } from '../../lib/log-summary.ts'

import { describeError } from '../rest/errors.ts'

import type { DeliveryContext } from './context.ts'
import { createEditBudget } from './edit-budget.ts'
import { findPostedClip } from './find-posted-clip.ts'
import { mentionRequester } from './mention-requester.ts'
import { createOpenCards } from './open-cards.ts'
import { postClip } from './post-clip.ts'
import { postOutcome } from './post-outcome.ts'

export function createDelivery(context: DeliveryContext): Delivery & CardDeletions {
  const { log } = context
  const deletionListeners: ((generationId: string) => void)[] = []
  const cards = createOpenCards({
    ...context,
    editBudget: createEditBudget(context.clock),
    cardDeleted: (generationId) => {
      for (const listener of deletionListeners) listener(generationId)
    },
    progressFailed: createLogSummary((count, { generation, error }: { generation: string; error: unknown }) => {
      log.warn({ count, generation, failure: describeError(error) }, 'progress updates failed; this is the latest one')
    }, context.clock),
  })
  const underWay = new Set<Promise<unknown>>()
  const outcomes = new Map<string, Promise<void>>()

  function track<Result>(work: Promise<Result>): Promise<Result> {
    underWay.add(work)
    return work.finally(() => underWay.delete(work))
  }

  return {
    show(generation, live) {
      if (isOver(generation.state) || cards.isFinished(generation)) return
      try {
        cards.of(generation).progress.show(generation, live)
      } catch (error) {
        log.error({ generation: generation.id, failure: describeError(error) }, 'progress not shown')
      }
    },

    async findPosted(generation) {
      const { cardMessage } = cards.of(generation)
      const posted = await findPostedClip(generation, cardMessage, context)
      if (!posted) return undefined
      await track(mentionRequester(generation, { cardMessage, posted }, context))
      cards.close({ ...generation, state: 'done' })
      return posted
    },

    post(generation, clip, { signal }) {
      const work = cards.closing(generation, async ({ cardMessage, progress }) => {
        const posted = await progress.finish(() => postClip({ generation, clip, cardMessage, signal }, context))
        if (posted) await mentionRequester(generation, { cardMessage, posted }, context)
        // Closed last, so that a repeated post uses what was learned about the routes.
        cards.close({ ...generation, state: 'done' })
        return posted
      })
      return track(work)
    },

    async postOutcome(generation, live) {
      // The same outcome is sent once; another outcome of the same card waits for it.
      const key = [generation.id, generation.state, generation.endedAt].join(' ')
      const send = () =>
        cards.closing(generation, async (card) => {
          const isCurrent = await postOutcome(generation, live, card, context)
          if (isCurrent) cards.close(generation)
          else cards.forget(generation)
        })
      const work = outcomes.get(key) ?? track(send().finally(() => outcomes.delete(key)))
      outcomes.set(key, work)
      await work
    },

    onCardDeleted(listener) {
      deletionListeners.push(listener)
    },

    async drain() {
      await Promise.all([cards.drain(), Promise.allSettled(underWay)])
    },
  }
}
