import { ButtonStyle, ComponentType } from 'discord.js'

import type { LiveState } from '../../generations/model/delivery-port.ts'
import { decidedProvider, type Generation } from '../../generations/model/generation.ts'
import { wholeMinutes } from '../../lib/clock.ts'
import { type Text, textIn } from '../text/text.ts'

import type { MessageBody, Part } from './components.ts'
import { accents, buttonRow, heading, messageOf, subtext, textDisplay } from './components.ts'
import { formatElapsed, formatMoment } from './format.ts'
import { escapeAndCut } from './markdown.ts'
import { describeCharge, describeOutcome, valuesOf } from './outcome-text.ts'
import { formatBar } from './progress-bar.ts'

/** Name of the button in `cancel:<generation id>`; its command is commands/cancel.ts. */
export const cancelButtonName = 'cancel'

/** UTF-16 units of the prompt: enough to recognise the clip without filling the channel. */
const promptExcerpt = 280

/** The card of a generation without a clip, in every state. The finished card is in clip-card.ts. */
export function cardOf(generation: Generation, live: LiveState): MessageBody {
  const text = textIn(generation.reply.locale)
  const { state } = generation
  const outcome = () => [describeOutcome(generation, text), describeCharge(generation, text)]
  switch (state) {
    case 'done':
      return messageOf(accents.done, [heading(text('card.done')), ...promptAndFacts(generation, text)])
    case 'cancelled':
      return messageOf(accents.waiting, [heading(text('card.cancelled'), ...outcome()), ...promptAndFacts(generation, text)])
    case 'failed':
    case 'held': {
      const lines = state === 'held' ? [...outcome(), text('card.nothing-to-do')] : outcome()
      return messageOf(accents[state], [heading(text(`card.${state}`), ...lines), factsOf(generation, text, 'card.price-and-reference')])
    }
    default:
      return workingCard(generation, live, text)
  }
}

function workingCard(generation: Generation, live: LiveState, text: Text): MessageBody {
  const cancelling = generation.cancelRequestedAt !== undefined && generation.state !== 'delivering'
  const values = valuesOf(generation)
  const lines = [
    ...describePosition(generation, live, text),
    ...(cancelling && live.cancelRefused ? [text('card.cancel-refused', values)] : []),
    ...(live.paused ? [text('card.restarting')] : []),
    ...(live.askingUntil === undefined ? [] : [text('card.output-missing', { ...values, when: formatMoment(live.askingUntil) })]),
  ]
  const parts = [
    heading(cancelling ? text('card.cancelling') : text(`card.${generation.state}`, values), ...lines),
    textDisplay(describeProgress(generation, live, text).join('\n')),
    ...promptAndFacts(generation, text),
  ]
  if (!cancelling && !live.cannotCancel && generation.state !== 'delivering') {
    const customId = `${cancelButtonName}:${generation.id}`
    parts.push(buttonRow({ type: ComponentType.Button, style: ButtonStyle.Secondary, label: text('button.cancel'), custom_id: customId }))
  }
  return messageOf(generation.state === 'queued' || cancelling ? accents.waiting : accents.working, parts)
}

function describePosition(generation: Generation, { ahead, expectedEndAt, now }: LiveState, text: Text): string[] {
  if (ahead === undefined || generation.cancelRequestedAt !== undefined) return []
  if (generation.state === 'queued') {
    if (expectedEndAt === undefined) return [text('card.queue-position', { ahead })]
    return [text('card.queue-position-and-time', { ahead, minutes: wholeMinutes(expectedEndAt - now) })]
  }
  return generation.state === 'rendering' && ahead > 0 ? [text('card.jobs-ahead', { ...valuesOf(generation), ahead })] : []
}

function describeProgress({ state, createdAt }: Generation, live: LiveState, text: Text): string[] {
  // The next edit may be minutes away, so Discord has to count the time.
  if (state === 'queued' || live.paused) return [text('card.requested', { when: formatMoment(createdAt) })]
  const elapsed = formatElapsed(live.now - createdAt)
  const progress = state === 'delivering' ? 1 : live.progress
  const bar = formatBar(progress ?? 0)
  const first = progress === undefined ? bar : text('card.progress', { bar, progress: Math.min(1, Math.max(0, progress)) })
  if (live.expectedEndAt === undefined || state === 'delivering') return [first, text('card.elapsed', { elapsed })]
  if (live.expectedEndAt <= live.now) return [first, text('card.elapsed-and-late', { elapsed })]
  return [first, text('card.elapsed-and-ready', { elapsed, when: formatMoment(live.expectedEndAt) })]
}

function promptAndFacts(generation: Generation, text: Text): Part[] {
  return [textDisplay(escapeAndCut(generation.request.prompt, promptExcerpt, 3) || '…'), factsOf(generation, text)]
}

function factsOf(generation: Generation, text: Text, lastLine: 'card.price' | 'card.price-and-reference' = 'card.price'): Part {
  const values = valuesOf(generation)
  const facts = text('card.facts', { ...values, seconds: generation.request.durationSeconds })
  const isDecided = decidedProvider(generation) !== undefined
  return subtext(facts, isDecided ? text(lastLine, values) : text(`${lastLine}-without-provider`, values))
}
