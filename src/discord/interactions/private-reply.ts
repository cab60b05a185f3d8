import { exponential } from '../../lib/retry.ts'

import { noteOf } from '../cards/components.ts'
import { describeError } from '../rest/errors.ts'
import { retryDiscord } from '../rest/retry-discord.ts'
import { tokenExpiry } from '../rest/token-expiry.ts'
import { textIn } from '../text/text.ts'

import type { Answerable, ReplyContext } from './answerable.ts'

/** Milliseconds before each retry. */
const delays = [250, 1000, 4000]
const backoff = exponential(1000, 60_000)

/** A private message below whatever was answered before. Discord does not recognize a repetition: the member rather reads it twice than never. */
export async function followUpPrivately(
  interaction: Answerable,
  content: string,
  { messages, clock, stopping }: ReplyContext,
): Promise<void> {
  await retryDiscord(() => messages.followUpPrivately(interaction, content), { clock, delays, signal: stopping })
}

/**
 * Replaces the public “thinking…” placeholder by a private message. The next follow-up would take the place of a placeholder without content and be public,
 * so it gets a neutral sentence first. It is deleted last: whatever fails, and even if the process dies, the member has something to read.
 */
export async function replacePlaceholder(interaction: Answerable, content: string, context: ReplyContext): Promise<void> {
  const { messages, isCard, clock, log, stopping } = context
  const often = { clock, delays, signal: stopping }
  const neutral = textIn(interaction.locale)('error.not-accepted')
  const write = (words: string) => messages.writeReply(interaction, isCard(interaction) ? noteOf(words) : words)
  const failed = (step: 'write-placeholder' | 'send-reason' | 'delete-placeholder') => (error: unknown) => {
    log.warn({ interaction: interaction.id, step, failure: describeError(error) }, 'one step of a private reply failed')
    return false
  }

  const isNeutral = await retryDiscord(() => write(neutral), often).then(() => true, failed('write-placeholder'))
  const isSent = await followUpPrivately(interaction, content, context).then(() => true, failed('send-reason'))
  if (!isSent) {
    const untilExpiry = (attempt: number) => {
      const delay = backoff(attempt)
      return clock.now() + delay < tokenExpiry(interaction.id) ? delay : undefined
    }
    await retryDiscord(() => write(content), { ...often, delays: untilExpiry })
  } else if (isNeutral) {
    await retryDiscord(() => messages.deleteReply(interaction), often).catch(failed('delete-placeholder'))
  }
}
