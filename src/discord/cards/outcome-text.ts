import type { Generation } from '../../generations/model/generation.ts'
import { providerName } from '../../providers/registry.ts'
import { type Text, textIn } from '../text/text.ts'

/** For the requester alone: why there is no clip, what it cost and what to do next. Never the provider's own words. */
export function explainOutcome(generation: Generation): string {
  const text = textIn(generation.reply.locale)
  const lines = [text(`reason.${outcomeOf(generation)}`, valuesOf(generation)), describeCharge(generation, text)]
  if (generation.state !== 'cancelled') lines.push(`-# ${text('clip.reference', generation)}`)
  return lines.join('\n')
}

/** For everyone: what happened. Says nothing about the content of the request. */
export function describeOutcome(generation: Generation, text: Text): string {
  return text(`outcome.${outcomeOf(generation)}`, valuesOf(generation))
}

/** What a generation without a clip costs. If the provider billed one that failed, the guild is refunded. */
export function describeCharge(generation: Generation, text: Text): string {
  const values = valuesOf(generation)
  if (generation.state === 'held') return text(generation.guildReleased ? 'charge.share-released' : 'charge.reserved', values)
  // Once the guild has its share back, what the provider billed is the installation's alone.
  if (!generation.captured || generation.guildReleased) return text('charge.none')
  return text(generation.state === 'failed' ? 'charge.refunded' : 'charge.billed', values)
}

/** The values for texts about a generation. */
export function valuesOf({ provider, price, memberId, reference }: Generation) {
  return { provider: providerName(provider), price, member: `<@${memberId}>`, reference }
}

function outcomeOf({ state, endReason = 'internal', cancelledBy, startedAt }: Generation) {
  if (endReason === 'cancelled-by-member') {
    if (state === 'held') return 'cancel-unconfirmed'
    return cancelledBy === 'moderator' ? 'cancelled-by-moderator' : 'cancelled-by-requester'
  }
  // The operator removed the key while the job ran.
  if (state === 'held' && endReason === 'auth') return 'no-access'
  // Every candidate was tried, and none accepted the job.
  if (endReason === 'unavailable' && startedAt === undefined) return 'unreachable'
  return endReason
}
