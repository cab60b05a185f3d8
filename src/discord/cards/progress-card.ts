import { ButtonStyle, ComponentType } from 'discord.js'

import type { LiveState } from '../../generations/model/delivery-port.ts'
import type { Generation } from '../../generations/model/generation.ts'
import { type Text, textIn } from '../text/text.ts'

import type { MessageBody, Part } from './components.ts'
import { accents, heading, messageOf, subtext, textDisplay } from './components.ts'
import { customIdOf } from './custom-id.ts'
import { formatBar, formatElapsed, formatMoment } from './format.ts'
import { escapeAndCut } from './markdown.ts'
import { describeCharge, describeOutcome, valuesOf } from './outcome-text.ts'

/** Name of the button in `cancel:<generation id>`; its command is commands/cancel.ts. */
export const cancelButtonName = 'cancel'

/** UTF-16 units of the prompt on a card that still changes: enough to know which clip it is, little to scroll past. */
const promptExcerpt = 280

/** The card of a generation that has no clip (yet). Pure. The finished card is in clip-card.ts, because it needs the clip. */
export function cardOf(generation: Generation, live: LiveState): MessageBody {
  const text = textIn(generation.reply.locale)
  const outcome = [describeOutcome(generation, text), describeCharge(generation, text)]
  switch (generation.state) {
    case 'queued':
    case 'submitting':
    case 'rendering':
    case 'delivering':
      return workingCard(generation, live, text)
    case 'done':
      return messageOf(accents.done, [heading(text('card.done')), promptExcerptOf(generation), factsOf(generation, text)])
    case 'cancelled':
      return messageOf(accents.waiting, [
        heading(text('card.cancelled'), ...outcome),
        promptExcerptOf(generation),
        factsOf(generation, text),
      ])
    case 'failed':
      return messageOf(accents.failed, [heading(text('card.failed'), ...outcome), factsOf(generation, text, 'card.price-and-reference')])
    case 'held':
      return messageOf(accents.held, [
        heading(text('card.held'), ...outcome, text('card.nothing-to-do')),
        factsOf(generation, text, 'card.price-and-reference'),
      ])
  }
}

function workingCard(generation: Generation, live: LiveState, text: Text): MessageBody {
  const cancelling = generation.cancelRequestedAt !== undefined && generation.state !== 'delivering'
  const values = valuesOf(generation)
  const lines = [
    ...describePosition(generation, live, text),
    ...(cancelling && live.cancelRefused ? [text('card.cancel-refused', values)] : []),
    ...(live.paused ? [text('card.restarting')] : []),
  ]
  const parts = [
    heading(cancelling ? text('card.cancelling') : text(`card.${generation.state}`, values), ...lines),
    textDisplay(describeProgress(generation, live, text).join('\n')),
    promptExcerptOf(generation),
    factsOf(generation, text),
  ]
  if (!cancelling && generation.state !== 'delivering') parts.push(cancelRow(generation, text))
  return messageOf(generation.state === 'queued' || cancelling ? accents.waiting : accents.working, parts)
}

function describePosition(generation: Generation, { ahead }: LiveState, text: Text): string[] {
  if (ahead === undefined || generation.cancelRequestedAt !== undefined) return []
  if (generation.state === 'queued') return [text('card.clips-ahead', { ahead })]
  return generation.state === 'rendering' && ahead > 0 ? [text('card.jobs-ahead', { ...valuesOf(generation), ahead })] : []
}

function describeProgress({ state, createdAt }: Generation, live: LiveState, text: Text): string[] {
  // The next edit may be far away, so that the time has to count by itself.
  if (state === 'queued' || live.paused) return [text('card.requested', { when: formatMoment(createdAt) })]
  const elapsed = formatElapsed(live.now - createdAt)
  const progress = state === 'delivering' ? 1 : live.progress
  const bar = formatBar(progress ?? 0)
  const first = progress === undefined ? bar : text('card.progress', { bar, progress: Math.min(1, Math.max(0, progress)) })
  if (live.expectedEndAt === undefined || state === 'delivering') return [first, text('card.elapsed', { elapsed })]
  if (live.expectedEndAt <= live.now) return [first, text('card.elapsed-and-late', { elapsed })]
  return [first, text('card.elapsed-and-ready', { elapsed, when: formatMoment(live.expectedEndAt) })]
}

function promptExcerptOf({ request }: Generation): Part {
  return textDisplay(escapeAndCut(request.prompt, promptExcerpt, 3) || '…')
}

function factsOf(generation: Generation, text: Text, lastLine: 'card.price' | 'card.price-and-reference' = 'card.price'): Part {
  const values = valuesOf(generation)
  return subtext(text('card.facts', { ...values, seconds: generation.request.durationSeconds }), text(lastLine, values))
}

function cancelRow({ id }: Generation, text: Text): Part {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.Button,
        style: ButtonStyle.Secondary,
        label: text('button.cancel'),
        custom_id: customIdOf(cancelButtonName, id),
      },
    ],
  }
}
