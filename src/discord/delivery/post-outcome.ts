import { type LiveState, longestEditMs, type PostedMessage } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'
import { createDeadline, type Deadline } from '../../lib/deadline.ts'

import type { MessageBody } from '../cards/components.ts'
import { explainOutcome, valuesOf } from '../cards/outcome-text.ts'
import { cardOf } from '../cards/status-card.ts'
import { leaveBy } from '../rest/call-deadline.ts'
import { describeError, isRefusal, isTokenDead } from '../rest/errors.ts'
import type { EditOptions } from '../rest/messages.ts'
import { retryDiscord } from '../rest/retry-discord.ts'
import { textIn } from '../text/text.ts'

import type { EditOutcome } from './card-message.ts'
import type { DeliveryContext } from './context.ts'
import { findMessage } from './find-message.ts'
import { mentionBelow } from './mention-requester.ts'
import type { Card } from './open-cards.ts'

/** `outdated`: the generation has moved on. `later`: Discord has a fault, and the outcome is sent again later. */
type ShownOutcome = EditOutcome | { result: 'outdated' | 'later' }

/**
 * Shows an outcome without a clip on the card, and its reason to the requester alone. False if the generation has moved on from this outcome, so that
 * nothing needs to be sent. Never throws.
 */
export async function postOutcome(generation: Generation, live: LiveState, card: Card, context: DeliveryContext): Promise<boolean> {
  const { log, notifyOnce } = context
  try {
    const body = cardOf(generation, live)
    const shown = await showOutcome(generation, body, card, context)
    if (shown.result === 'outdated') {
      log.info({ generation: generation.id, state: generation.state }, 'outcome not sent: the generation has moved on')
      return false
    }
    // A card can be written twice, but a message to the member cannot be taken back.
    if (shown.result !== 'later') await notifyOnce(generation, (earlier) => notify(generation, { ...earlier, shown, body, card }, context))
  } catch (error) {
    log.warn({ generation: generation.id, failure: describeError(error) }, 'requester not notified of the outcome; trying again later')
  }
  return true
}

interface Notice {
  body: MessageBody
  card: Card
  shown: ShownOutcome
  mayHaveArrived: boolean
}

/** Throws where it has to be tried again. What Discord refuses, it would refuse again. */
async function notify(generation: Generation, notice: Notice, context: DeliveryContext): Promise<void> {
  const { cardMessage } = notice.card
  if (cardMessage.tokenAlive && cardMessage.placeholderReplaced && (await explainPrivately(generation, context))) return
  // Whoever cancelled knows, and where a moderator deleted the card nothing is posted again.
  if (generation.state === 'cancelled' || notice.shown.result === 'gone') return
  try {
    // An edit of the card notifies nobody.
    if (notice.shown.result === 'edited') await mention(generation, { ...notice, posted: notice.shown.message }, context)
    else await announce(generation, notice, context)
  } catch (error) {
    if (!isRefusal(error)) throw error
    context.log.warn({ generation: generation.id, failure: describeError(error) }, 'Discord refused to announce the outcome')
  }
}

/**
 * False if Discord refuses the message. Discord does not recognize a repeated follow-up: only the requester sees it, and they rather read it twice than
 * never.
 */
async function explainPrivately(generation: Generation, { messages, clock, log }: DeliveryContext): Promise<boolean> {
  const send = () => messages.followUpPrivately(generation.reply, explainOutcome(generation))
  try {
    await retryDiscord(send, { clock })
    return true
  } catch (error) {
    if (!isRefusal(error) && !isTokenDead(error)) throw error
    log.warn({ generation: generation.id, failure: describeError(error) }, 'Discord refused to tell the requester the outcome privately')
    return false
  }
}

function mention(
  generation: Generation,
  { card: { cardMessage }, posted, mayHaveArrived }: Notice & { posted: PostedMessage },
  context: DeliveryContext,
): Promise<void> {
  const text = textIn(generation.reply.locale)
  const about = generation.state === 'held' ? 'outcome.mention-held' : 'outcome.mention-failed'
  const content = (url: string) => text(about, { ...valuesOf(generation), url })
  return mentionBelow(generation, { cardMessage, posted, content, nonce: `n${nonceOf(generation)}`, mayHaveArrived }, context)
}

/** Differs from the nonces of the clip and of other outcomes: for a known nonce Discord returns the old message. */
function nonceOf({ id, state }: Generation): string {
  return `${state.slice(0, 1)}${id.slice(-23)}`
}

/** A held generation can resume at any moment: each try checks that the outcome is current, and newer messages wait for its end. */
async function showOutcome(generation: Generation, body: MessageBody, card: Card, context: DeliveryContext): Promise<ShownOutcome> {
  const { cardLock, clock, log } = context
  const edit = async (): Promise<ShownOutcome> => {
    let outcome: ShownOutcome = { result: 'outdated' }
    await cardLock.whenIdle(generation)
    const deadline = createDeadline(longestEditMs)
    await cardLock.edit(generation, async () => {
      outcome = await card.cardMessage.edit(() => within(deadline, body))
    })
    return outcome
  }
  try {
    return await card.progress.finish(() => retryDiscord(edit, { clock }))
  } catch (error) {
    log.error({ generation: generation.id, failure: describeError(error) }, 'outcome not shown on the card')
    return { result: isRefusal(error) ? 'unreachable' : 'later' }
  }
}

/** Posts the outcome as a new message, because no card shows it and no private message can be sent. */
async function announce(generation: Generation, { body, card, mayHaveArrived }: Notice, context: DeliveryContext): Promise<void> {
  const { messages, cardLock, clock } = context
  const message = { ...body, allowed_mentions: { ...body.allowed_mentions, users: [generation.memberId] } }
  const create = async () => {
    // By now Discord may have forgotten the nonce of the earlier try.
    const searching = AbortSignal.timeout(longestEditMs)
    const existing = mayHaveArrived ? await findMessage(generation, generation.reference, { ...context, signal: searching }) : undefined
    const deadline = createDeadline(longestEditMs)
    await cardLock.edit(generation, async () => {
      if (existing) {
        await card.cardMessage.moveTo(existing)
        const { result } = await card.cardMessage.edit(() => within(deadline, body))
        if (result === 'edited') return
      }
      const created = leaveBy(deadline, () => messages.create(generation.channelId, message, nonceOf(generation), deadline.signal))
      await card.cardMessage.moveTo(await created)
    })
  }
  await card.progress.finish(() => retryDiscord(create, { clock }))
}

/** What waits for the card assumes that no edit leaves later. */
function within(deadline: Deadline, body: MessageBody): { body: MessageBody; options: EditOptions } {
  return { body, options: { signal: deadline.signal, deadline } }
}
