import type { Clock } from '../../lib/clock.ts'
import type { Snowflake } from '../../domain/ids.ts'
import type { Generation } from '../../generations/model/generation.ts'
import { longestEditMs } from '../../generations/model/card-lock.ts'
import { isOver } from '../../generations/model/generation.ts'
import type { Delivery, DeliveryStore, LiveState, PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Log } from '../../lib/log.ts'

import type { CardWriter } from './card-updater.ts'
import { createCardWriter } from './card-updater.ts'
import { cardOf } from '../cards/progress-card.ts'
import type { CardMessage } from './card-message.ts'
import { createCardMessage } from './card-message.ts'
import { describeError, isTokenDead } from '../rest/errors.ts'
import { tellEnd } from './post-outcome.ts'
import type { MessageBody } from '../cards/components.ts'
import type { Messages } from '../rest/messages.ts'
import { placeClip } from './post-clip.ts'
import { postpone } from './retry-delay.ts'
import { findStandingClip } from './find-posted-clip.ts'

export interface DeliveryOptions extends DeliveryStore {
  messages: Messages
  clock: Clock
  log: Log
  /** Bytes per file that a bot may upload in this guild. Never rejects. */
  uploadLimitOf: (guildId: Snowflake) => Promise<number>
}

/** What a card shows, and of which moment. */
interface Shown {
  generation: Generation
  body: MessageBody
}

interface Card {
  cardMessage: CardMessage
  writer: CardWriter<Shown>
  /** What was offered last, as it would go over the wire: the same again is no edit. */
  offered?: string
  /** How many are bringing it to an end; they wait for one another. */
  closers: number
}

/** How long a request may take, in milliseconds, before its requester is called back to it. */
const noticeAfterMs = 60_000

/**
 * So many open cards are kept in mind. A card that another process brings to its end is never closed here; the oldest ones make room, and
 * whoever is still at work on one learns its routes anew.
 */
const openKept = 5000

/** So many of the last finished cards are kept in mind, lest a state that was overtaken is written over a clip. */
const finishedKept = 1000

export function createDelivery(options: DeliveryOptions): Delivery {
  const { messages, clock, log, claimNotification, uploadLimitOf, cardLock } = options
  const cards = new Map<string, Card>()
  const finished = new Set<string>()
  const underWay = new Set<Promise<unknown>>()
  const outcome = new Map<string, Promise<void>>()

  function cardFor(generation: Generation): Card {
    const known = cards.get(generation.id)
    if (known) return known
    const cardMessage = createCardMessage(generation, options)
    let unreachable = false
    let failuresInRow = 0
    const writer = createCardWriter<Shown>({
      clock,
      async write({ generation: shown, body }, calledOff) {
        // Progress stops where the member deleted the card; asking every three seconds would only count as invalid requests.
        if (unreachable) return undefined
        try {
          // From before the store is asked: what it allowed, a process that stood still must not send long after.
          const passing = AbortSignal.any([calledOff, AbortSignal.timeout(longestEditMs)])
          const isCurrent = await cardLock.edit(shown, async () => {
            const { result } = await cardMessage.edit(() => ({ body, options: { passing } }))
            unreachable = result !== 'edited'
            if (unreachable) log.info({ generation: generation.id, result }, 'the card takes no more progress')
          })
          // Not shown after all, so the same may be offered again.
          if (!isCurrent) delete card.offered
          failuresInRow = 0
          return undefined
        } catch (error) {
          if (calledOff.aborted) return undefined
          failuresInRow += 1
          log.warn({ generation: generation.id, failure: describeError(error) }, 'progress could not be shown')
          return postpone(error, failuresInRow)
        }
      },
    })
    const card: Card = { cardMessage, writer, closers: 0 }
    cards.set(generation.id, card)
    if (cards.size > openKept) for (const oldest of cards.keys().take(1)) cards.delete(oldest)
    return card
  }

  /** Brings a card to an end; whoever else does so at the same time uses the same writer, which lets one after the other. */
  async function closing<Result>(generation: Generation, work: (card: Card) => Promise<Result>): Promise<Result> {
    const card = cardFor(generation)
    card.closers += 1
    try {
      return await track(work(card))
    } finally {
      card.closers -= 1
    }
  }

  /** Not before the last of those who bring it to an end: each knows the routes that the others found. */
  function forget({ id }: Generation): void {
    if ((cards.get(id)?.closers ?? 0) <= 1) cards.delete(id)
  }

  function close(generation: Generation): void {
    forget(generation)
    // A held generation can still get its clip, so its card is not over.
    if (generation.state === 'held') return
    finished.add(generation.id)
    if (finished.size > finishedKept) for (const oldest of finished.values().take(1)) finished.delete(oldest)
  }

  async function track<Result>(work: Promise<Result>): Promise<Result> {
    underWay.add(work)
    try {
      return await work
    } finally {
      underWay.delete(work)
    }
  }

  async function claimed(generation: Generation): Promise<boolean> {
    try {
      return await claimNotification(generation)
    } catch (error) {
      log.warn({ generation: generation.id, failure: describeError(error) }, 'it could not be stored that the requester is told')
      return false
    }
  }

  async function notify(generation: Generation, cardMessage: CardMessage, posted: PostedMessage): Promise<void> {
    if (clock.now() - generation.createdAt <= noticeAfterMs) return
    try {
      if (!(await claimed(generation))) return
      const link = `https://discord.com/channels/${generation.guildId}/${posted.channelId}/${posted.messageId}`
      const words = `<@${generation.memberId}> Your clip is ready: ${link}`
      if (cardMessage.tokenAlive) {
        try {
          await messages.noticeByToken(generation.reply, generation.memberId, words)
          return
        } catch (error) {
          // Only where it is certain that nothing was said.
          if (!isTokenDead(error)) throw error
        }
      }
      await messages.noticeInChannel(posted, generation.memberId, words)
    } catch (error) {
      log.warn({ generation: generation.id, failure: describeError(error) }, 'the requester could not be called back to the clip')
    }
  }

  async function end(generation: Generation, live: LiveState, { cardMessage, writer }: Card): Promise<void> {
    const isTrue = await tellEnd(generation, live, {
      cardMessage,
      writer,
      messages,
      cardLock,
      clock,
      log,
      claim: () => claimed(generation),
    })
    if (isTrue) close(generation)
    else forget(generation)
  }

  return {
    show(generation, live: LiveState) {
      if (isOver(generation.state) || finished.has(generation.id)) return
      try {
        const card = cardFor(generation)
        const body = cardOf(generation, live)
        const offered = JSON.stringify(body)
        if (offered === card.offered) return
        card.offered = offered
        card.writer.offer(newsOf(generation, live), { generation, body })
      } catch (error) {
        log.error({ generation: generation.id, failure: describeError(error) }, 'the card could not be made')
      }
    },

    async findPosted(generation) {
      const { cardMessage } = cardFor(generation)
      const standing = await findStandingClip(generation, { messages, clock, log, tokenAlive: cardMessage.tokenAlive })
      if (!standing) return undefined
      await track(notify(generation, cardMessage, standing))
      close({ ...generation, state: 'done' })
      return standing
    },

    post(generation, clip, { signal }) {
      return closing(generation, async ({ cardMessage, writer }) => {
        const posted = await writer.finish(async () => {
          const guildUploadLimit = await uploadLimitOf(generation.guildId)
          await cardLock.whenIdle(generation)
          return placeClip({
            ...{ generation, clip, cardMessage, messages, clock, log, signal },
            guildUploadLimit,
            // The new message mentions the member itself; whoever posts again must not do so once more.
            beforeMention: () => claimed(generation),
            isOurs: () => cardLock.isCurrent(generation),
          })
        })
        await notify(generation, cardMessage, posted)
        // Until here a repeated post goes on with what was learnt of the routes.
        close({ ...generation, state: 'done' })
        return posted
      })
    },

    async postOutcome(generation, live) {
      // The same end twice is told once; another end of the same card has its own turn after it.
      const key = [generation.id, generation.state, generation.endedAt].join(' ')
      const work = outcome.get(key) ?? closing(generation, (card) => end(generation, live, card)).finally(() => outcome.delete(key))
      outcome.set(key, work)
      await work
    },

    async drain() {
      await Promise.all([...[...cards.values()].map(({ writer }) => writer.drain()), Promise.allSettled(underWay)])
    },
  }
}

/** What makes a card worth writing at once; everything else waits its turn. */
function newsOf(generation: Generation, live: LiveState): string {
  const cancel = generation.cancelRequestedAt === undefined ? '' : 'cancelling'
  return [generation.state, generation.provider, cancel, live.cancelRefused ? 'refused' : '', live.paused ? 'paused' : ''].join(' ')
}
