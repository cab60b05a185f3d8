import { ButtonStyle, ComponentType } from 'discord.js'

import { formatUsd } from '../../domain/money.ts'
import { providerNames } from '../../domain/provider-id.ts'
import type { Generation } from '../../generations/model/generation.ts'
import type { LiveState } from '../../generations/model/delivery-port.ts'

import { customIdOf } from './custom-id.ts'
import { outcomeOf } from './outcome-text.ts'
import { escapeAndCut } from './markdown.ts'
import type { MessageBody, Part } from './components.ts'
import { accents, messageOf, text } from './components.ts'
import { formatBar, formatDuration, formatElapsed, formatMoment } from './format.ts'

/** Name of the button in `cancel:<generation id>`; its command stands in commands/cancel.ts. */
export const cancelButtonName = 'cancel'

/** UTF-16 units of the prompt on a card that still changes: enough to know which clip it is, little to scroll past. */
const promptExcerpt = 280

/**
 * The card of a generation that has no clip (yet). Pure. The finished card is in clip-cards.ts, because it needs the clip.
 */
export function cardOf(generation: Generation, live: LiveState): MessageBody {
  switch (generation.state) {
    case 'queued':
    case 'submitting':
    case 'rendering':
    case 'delivering':
      return workingCard(generation, live)
    case 'done':
      return messageOf(accents.done, [text('**Done**'), promptPart(generation), factsPart(generation)])
    case 'cancelled':
      return messageOf(accents.waiting, [text(`**Cancelled**\n${chargeOf(generation)}`), promptPart(generation), factsPart(generation)])
    case 'failed':
      return messageOf(accents.failed, [
        text(['**Not made**', publicReason(generation), chargeOf(generation)].join('\n')),
        factsPart(generation, `Reference ${generation.reference}`),
      ])
    case 'held':
      return messageOf(accents.held, [
        text(['**On hold**', publicReason(generation), chargeOf(generation), 'There is nothing to do for you.'].join('\n')),
        factsPart(generation, `Reference ${generation.reference}`),
      ])
  }
}

function workingCard(generation: Generation, live: LiveState): MessageBody {
  const cancelling = generation.cancelRequestedAt !== undefined && generation.state !== 'delivering'
  const context: Part[] = [
    text(
      [
        `**${titleOf(generation, cancelling)}**`,
        ...positionOf(generation, live),
        ...cancelWords(cancelling, live),
        ...pauseWords(live),
      ].join('\n'),
    ),
    text(progressLines(generation, live).join('\n')),
    promptPart(generation),
    factsPart(generation),
  ]
  if (!cancelling && generation.state !== 'delivering') context.push(cancelRow(generation))
  return messageOf(generation.state === 'queued' || cancelling ? accents.waiting : accents.working, context)
}

function titleOf(generation: Generation, cancelling: boolean): string {
  if (cancelling) return 'Cancelling…'
  if (generation.state === 'queued') return 'In line'
  if (generation.state === 'submitting') return 'Handing it to the provider'
  return generation.state === 'delivering' ? 'Posting the clip' : 'Making the clip'
}

function positionOf(generation: Generation, live: LiveState): string[] {
  if (live.ahead === undefined || generation.cancelRequestedAt !== undefined) return []
  if (generation.state === 'queued') return [live.ahead === 0 ? 'Yours is next.' : `${live.ahead} ahead of yours.`]
  return generation.state === 'rendering' && live.ahead > 0 ? [`${live.ahead} ahead of yours at the provider.`] : []
}

function cancelWords(cancelling: boolean, live: LiveState): string[] {
  return cancelling && live.cancelRefused ? ['The provider can no longer stop it.', 'If it is made, it is posted and paid.'] : []
}

function pauseWords(live: LiveState): string[] {
  return live.paused ? ['The bot is being restarted.', 'The provider works on, and this goes on by itself.'] : []
}

function progressLines(generation: Generation, live: LiveState): string[] {
  // Nobody writes a card again soon that waits in the queue or for the next process: its time has to count by itself.
  if (generation.state === 'queued' || live.paused) return [`asked ${formatMoment(generation.createdAt)}`]
  const progress = generation.state === 'delivering' ? 1 : live.progress
  const bar = formatBar(progress ?? 0) + (progress === undefined ? '' : ` ${Math.round(Math.min(1, Math.max(0, progress)) * 100)} %`)
  const elapsed = `${formatElapsed(live.now - generation.createdAt)} so far`
  if (live.expectedEndAt === undefined || generation.state === 'delivering') return [bar, elapsed]
  // A time stamp in the past would read “ready 2 minutes ago” beside an empty place.
  return [bar, `${elapsed} · ready ${live.expectedEndAt > live.now ? formatMoment(live.expectedEndAt) : 'any moment now'}`]
}

function promptPart(generation: Generation): Part {
  return text(escapeAndCut(generation.request.prompt, promptExcerpt, 3) || '…')
}

function factsPart(generation: Generation, ...more: string[]): Part {
  const facts = [`<@${generation.memberId}>`, formatDuration(generation.request.durationSeconds)]
  return text(
    [facts, [providerNames[generation.provider], formatUsd(generation.price), ...more]].map((line) => `-# ${line.join(' · ')}`).join('\n'),
  )
}

function publicReason(generation: Generation): string {
  return outcomeOf(generation).public
}

/** One sentence on the money of a generation that ended without a clip. What failed after the provider had billed is given back to the guild. */
export function chargeOf({ state, captured, price }: Pick<Generation, 'captured' | 'price' | 'state'>): string {
  if (state === 'held') return `${formatUsd(price)} stays set aside until it is clear whether the provider billed it.`
  if (!captured) return 'Nothing was charged.'
  if (state === 'failed') return `The provider billed it all the same, and ${formatUsd(price)} was given back to this server.`
  return `${formatUsd(price)} was charged, because the provider had billed it.`
}

function cancelRow(generation: Generation): Part {
  return {
    type: ComponentType.ActionRow,
    components: [
      {
        type: ComponentType.Button,
        style: ButtonStyle.Secondary,
        label: 'Cancel',
        custom_id: customIdOf(cancelButtonName, generation.id),
      },
    ],
  }
}
