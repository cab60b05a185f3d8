import { MessageFlags } from 'discord.js'

import { createReference } from '../../domain/ids.ts'
import { Refusal } from '../../domain/refusal.ts'

import { parseCustomId } from '../cards/components.ts'
import { describeRefusal } from '../cards/refusal-text.ts'
import { describeError } from '../rest/errors.ts'
import { textIn } from '../text/text.ts'

import type { Answerable, ReplyContext } from './answerable.ts'
import { respondFirst } from './defer.ts'
import { logRefusal } from './log-refusal.ts'
import { followUpPrivately, replacePlaceholder } from './private-reply.ts'

/** The bot is stopping and gave up a request before accepting it. */
export class InterruptedByRestart extends Error {
  override readonly name = 'InterruptedByRestart'
}

/** One message to the member alone, whatever was answered before. */
export async function replyPrivately(interaction: Answerable, content: string, context: ReplyContext): Promise<void> {
  const reply = { content, flags: MessageFlags.Ephemeral, allowedMentions: { parse: [] } } as const
  if (!interaction.deferred && !interaction.replied) await respondFirst(() => interaction.reply(reply), context.clock)
  else if (interaction.isChatInputCommand() && interaction.deferred) await replacePlaceholder(interaction, content, context)
  else await followUpPrivately(interaction, content, context)
}

export async function replyToUnknown(interaction: Answerable, context: ReplyContext): Promise<void> {
  const isButton = interaction.isButton()
  const name = isButton ? parseCustomId(interaction.customId).name : interaction.commandName
  context.log.warn({ interaction: interaction.id, name }, 'unknown command or button used: run `npm run register`')
  await replyPrivately(interaction, textIn(interaction.locale)(isButton ? 'error.unknown-button' : 'error.unknown-command'), context)
}

/** Explains a refusal. Any other error is a bug: the member gets a reference to its log line. */
export async function replyToFailure(interaction: Answerable, error: unknown, context: ReplyContext): Promise<void> {
  const text = textIn(interaction.locale)
  if (error instanceof Refusal) {
    logRefusal(error, interaction, context.log)
    return replyPrivately(interaction, describeRefusal(error, text), context)
  }
  if (error instanceof InterruptedByRestart) return replyPrivately(interaction, text('error.restarting'), context)
  const reference = createReference()
  context.log.error({ interaction: interaction.id, reference, failure: describeError(error) }, 'command failed')
  await replyPrivately(interaction, text('error.internal', { reference }), context)
}
