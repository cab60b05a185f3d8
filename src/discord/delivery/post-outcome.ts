import type { Clock } from '../../lib/clock.ts'
import { type CardLock, longestEditMs } from '../../generations/model/card-lock.ts'
import type { Generation } from '../../generations/model/generation.ts'
import type { LiveState } from '../../generations/model/delivery-port.ts'
import type { Log } from '../../lib/log.ts'

import type { CardWriter } from './card-updater.ts'
import { cardOf, chargeOf } from '../cards/progress-card.ts'
import type { CardMessage, EditOutcome } from './card-message.ts'
import { describeError, isRefusal } from '../rest/errors.ts'
import { outcomeOf } from '../cards/outcome-text.ts'
import type { MessageBody } from '../cards/components.ts'
import type { Messages } from '../rest/messages.ts'
import { repeatOnFault } from '../rest/retry.ts'

export interface LastWordOptions {
  cardMessage: CardMessage
  writer: Pick<CardWriter<unknown>, 'finish'>
  messages: Messages
  cardLock: CardLock
  clock: Clock
  log: Log
  /** Resolves to true for the first who asks to tell the member of this very end. */
  claim: () => Promise<boolean>
}

/** `overtaken`: it is true no longer. `later`: Discord is at fault, so it is told again. Else what became of the edit. */
type ShownEnd = EditOutcome['result'] | 'overtaken' | 'later'

const pausesMs = [1000, 4000]

/**
 * Says on the card, and to the requester alone, that it ended without a clip. False if the generation has moved on from this end meanwhile: then
 * nothing was said that still has to be. Never throws.
 */
export async function tellEnd(generation: Generation, live: LiveState, options: LastWordOptions): Promise<boolean> {
  const { cardMessage, log, claim } = options
  try {
    const body = cardOf(generation, live)
    const shown = await showEnd(generation, body, options)
    if (shown === 'overtaken') {
      log.info({ generation: generation.id, state: generation.state }, 'an end is not told: the generation has moved on')
      return false
    }
    // Whoever claims it first says it to the member: a card can be written twice, a word to somebody cannot be taken back.
    if (shown !== 'later' && (await claim())) {
      if (cardMessage.tokenAlive) await tellReason(generation, options)
      else if (shown !== 'edited' && generation.state !== 'cancelled') await announce(generation, body, options)
    }
  } catch (error) {
    log.warn({ generation: generation.id, failure: describeError(error) }, 'the requester could not be told of the end')
  }
  return true
}

/**
 * The card's last word. What was held can be taken up again at any moment, so each try first sees whether it is still true, and whoever
 * says something newer waits until it is over.
 */
async function showEnd(
  generation: Generation,
  body: MessageBody,
  { cardMessage, writer, cardLock, clock, log }: LastWordOptions,
): Promise<ShownEnd> {
  const edit = async (): Promise<ShownEnd> => {
    const outcome: { result: ShownEnd } = { result: 'overtaken' }
    await cardLock.whenIdle(generation)
    const signal = AbortSignal.timeout(longestEditMs)
    await cardLock.edit(generation, async () => {
      outcome.result = (await cardMessage.edit(() => ({ body, options: { signal } }))).result
    })
    return outcome.result
  }
  try {
    return await writer.finish(() => repeatOnFault(edit, { clock, pausesMs }))
  } catch (error) {
    log.error({ generation: generation.id, failure: describeError(error) }, 'the end could not be shown')
    return isRefusal(error) ? 'unreachable' : 'later'
  }
}

async function tellReason(generation: Generation, { cardMessage, messages }: LastWordOptions): Promise<void> {
  // A follow-up to a reply that still says “thinking…” would be read by everyone.
  if (cardMessage.settled) await messages.tellPrivately(generation.reply, privateWords(generation))
}

/** Where no card shows the end and nothing private can be sent: whoever looks for what became of their request must find it. */
async function announce(generation: Generation, body: MessageBody, options: LastWordOptions): Promise<void> {
  const { cardMessage, writer, messages, cardLock, clock } = options
  const message = { ...body, allowed_mentions: { ...body.allowed_mentions, users: [generation.memberId] } }
  // Not the nonce of the message for a clip, nor of another end: Discord would answer with that one.
  const nonce = `${generation.state.slice(0, 1)}${generation.id.slice(-24)}`
  const create = async () => {
    const signal = AbortSignal.timeout(longestEditMs)
    await cardLock.edit(generation, async () => cardMessage.moveTo(await messages.create(generation.channelId, message, nonce, signal)))
  }
  await writer.finish(() => repeatOnFault(create, { clock, pausesMs }))
}

function privateWords(generation: Generation): string {
  const words = [outcomeOf(generation).private, chargeOf(generation)]
  return generation.state === 'cancelled' ? words.join('\n') : [...words, `-# Reference ${generation.reference}`].join('\n')
}
