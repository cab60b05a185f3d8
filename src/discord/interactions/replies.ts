import { type ButtonInteraction, type ChatInputCommandInteraction, MessageFlags } from 'discord.js'

import { createReference } from '../../domain/ids.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Log } from '../../lib/log.ts'

import { parseCustomId } from '../cards/components.ts'
import { describeRefusal } from '../cards/refusal-text.ts'
import { describeError } from '../rest/errors.ts'
import { textIn } from '../text/text.ts'

export type Answerable = ChatInputCommandInteraction | ButtonInteraction

/** The bot is stopping and gave up a request before accepting it. */
export class InterruptedByRestart extends Error {
  override readonly name = 'InterruptedByRestart'
}

/** One message to the member alone, whatever was answered before. */
export async function replyPrivately(interaction: Answerable, content: string, log: Log): Promise<void> {
  const message = { content, flags: MessageFlags.Ephemeral, allowedMentions: { parse: [] } } as const
  if (!interaction.deferred && !interaction.replied) {
    await interaction.reply(message)
    return
  }
  // A follow-up would replace the public placeholder and be public, so the placeholder is deleted first.
  if (interaction.isChatInputCommand() && interaction.deferred) {
    await interaction.deleteReply().catch((error: unknown) => {
      log.warn({ interaction: interaction.id, failure: describeError(error) }, 'placeholder not deleted')
    })
  }
  await interaction.followUp(message)
}

export async function replyToUnknown(interaction: Answerable, log: Log): Promise<void> {
  const isButton = interaction.isButton()
  const name = isButton ? parseCustomId(interaction.customId).name : interaction.commandName
  log.warn({ interaction: interaction.id, name }, 'unknown command or button used: run `npm run register`')
  await replyPrivately(interaction, textIn(interaction.locale)(isButton ? 'error.unknown-button' : 'error.unknown-command'), log)
}

/** Explains a refusal. Any other error is a bug: the member gets a reference to its log line. */
export async function replyToFailure(interaction: Answerable, error: unknown, log: Log): Promise<void> {
  const text = textIn(interaction.locale)
  if (error instanceof Refusal) return replyPrivately(interaction, describeRefusal(error, text), log)
  if (error instanceof InterruptedByRestart) return replyPrivately(interaction, text('error.restarting'), log)
  const reference = createReference()
  log.error({ interaction: interaction.id, reference, failure: describeError(error) }, 'command failed')
  await replyPrivately(interaction, text('error.internal', { reference }), log)
}
