import type { ButtonInteraction, ChatInputCommandInteraction, Interaction } from 'discord.js'
import { MessageFlags, RESTJSONErrorCodes } from 'discord.js'

import { type Clock, createClock } from '../../lib/clock.ts'
import { createReference } from '../../domain/ids.ts'
import { Refusal } from '../../domain/refusal.ts'
import type { Log } from '../../lib/log.ts'

import { acknowledge } from './defer.ts'
import type { Button, Command, CommandContext } from './command.ts'
import { parseCustomId } from '../cards/custom-id.ts'
import { describeError, hasCode } from '../rest/errors.ts'
import { describeRefusal } from '../cards/refusal-text.ts'
import { textIn } from '../text/text.ts'
import { suggest } from './autocomplete.ts'

export interface InteractionsOptions {
  commands: readonly Command[]
  buttons: readonly Button[]
  context: CommandContext
  log: Log
  /** The wall unless given: Discord's three seconds pass there, however fast the bot's own time runs. */
  clock?: Clock | undefined
}

export interface Interactions {
  /** For discord.js's `interactionCreate`. Never rejects. */
  handle(interaction: Interaction): Promise<void>
  /**
   * From this moment on every new interaction is told, alone, that the bot is being restarted. Resolves when every one under way has been
   * answered.
   */
  drain(): Promise<void>
}

/** Says that a request was given up because the bot is being stopped, and that nothing was accepted. */
export class InterruptedByRestart extends Error {
  override readonly name = 'InterruptedByRestart'
}

type Answerable = ChatInputCommandInteraction | ButtonInteraction

export function createInteractions({ commands, buttons, context, log, clock = createClock() }: InteractionsOptions): Interactions {
  const commandsByName = new Map(commands.map((command) => [command.data.name, command]))
  const buttonsByName = new Map(buttons.map((button) => [button.name, button]))
  const underWay = new Set<Promise<void>>()
  let draining = false

  async function runCommand(interaction: ChatInputCommandInteraction): Promise<void> {
    const command = commandsByName.get(interaction.commandName)
    if (!command) return answerUnknown(interaction)
    command.check?.(interaction, context)
    if (command.acknowledge === 'defer' && !(await acknowledged(interaction, () => interaction.deferReply()))) return
    await command.execute(interaction, context)
  }

  async function pressButton(interaction: ButtonInteraction): Promise<void> {
    const { name, argument } = parseCustomId(interaction.customId)
    const button = buttonsByName.get(name)
    if (!button) return answerUnknown(interaction)
    if (button.acknowledge === 'update' && !(await acknowledged(interaction, () => interaction.deferUpdate()))) return
    await button.execute(interaction, argument, context)
  }

  async function acknowledged(interaction: Answerable, defer: () => Promise<unknown>): Promise<boolean> {
    try {
      await acknowledge(defer, clock)
      // The library learns it from an answer only, and that can be lost.
      interaction.deferred = true
      return true
    } catch (error) {
      const fields = { interaction: interaction.id, ageMs: Date.now() - interaction.createdTimestamp, failure: describeError(error) }
      if (hasCode(error, RESTJSONErrorCodes.UnknownInteraction)) {
        log.warn(fields, 'acknowledged too late: Discord waits three seconds (is the process busy, or was it just started?)')
      } else if (hasCode(error, RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged)) {
        log.warn(fields, 'already acknowledged: by another process with the same bot token, or because Discord sent it twice')
      } else {
        log.error(fields, 'the acknowledgement failed, so nothing was begun')
      }
      return false
    }
  }

  async function answerUnknown(interaction: Answerable): Promise<void> {
    const isButton = interaction.isButton()
    const what = isButton ? parseCustomId(interaction.customId).name : interaction.commandName
    log.warn(
      { interaction: interaction.id, what },
      'Discord knows a command or button that this version does not; register the commands anew',
    )
    await say(interaction, textIn(interaction.locale)(isButton ? 'error.unknown-button' : 'error.unknown-command'))
  }

  async function answerFailure(interaction: Answerable, error: unknown): Promise<void> {
    const text = textIn(interaction.locale)
    if (error instanceof Refusal) return say(interaction, describeRefusal(error, text))
    if (error instanceof InterruptedByRestart) return say(interaction, text('error.restarting'))
    const reference = createReference()
    log.error({ interaction: interaction.id, reference, failure: describeError(error) }, 'a command failed')
    await say(interaction, text('error.internal', { reference }))
  }

  /** One message to the member alone, whatever was answered before. */
  async function say(interaction: Answerable, content: string): Promise<void> {
    const message = { content, flags: MessageFlags.Ephemeral, allowedMentions: { parse: [] } } as const
    if (!interaction.deferred && !interaction.replied) {
      await interaction.reply(message)
      return
    }
    // Who sees an answer is settled by the first one: the public placeholder has to go before a private word can be said.
    if (interaction.isChatInputCommand() && interaction.deferred) await removePlaceholder(interaction)
    await interaction.followUp(message)
  }

  async function removePlaceholder(interaction: ChatInputCommandInteraction): Promise<void> {
    try {
      await interaction.deleteReply()
    } catch (error) {
      log.warn({ interaction: interaction.id, failure: describeError(error) }, 'the placeholder could not be deleted')
    }
  }

  async function answer(interaction: Answerable): Promise<void> {
    try {
      if (draining) {
        await say(interaction, textIn(interaction.locale)('error.restarting'))
        return
      }
      await (interaction.isButton() ? pressButton(interaction) : runCommand(interaction))
    } catch (error) {
      try {
        await answerFailure(interaction, error)
      } catch (unanswered) {
        log.warn({ interaction: interaction.id, failure: describeError(unanswered) }, 'the member could not be told')
      }
    }
  }

  /** Undefined for kinds of interaction that nothing here asks for. */
  function begin(interaction: Interaction): Promise<void> | undefined {
    if (interaction.isAutocomplete()) return suggest(interaction, commandsByName.get(interaction.commandName), context, log)
    return interaction.isChatInputCommand() || interaction.isButton() ? answer(interaction) : undefined
  }

  return {
    async handle(interaction) {
      const work = begin(interaction)
      if (!work) return
      underWay.add(work)
      await work.finally(() => underWay.delete(work))
    },
    async drain() {
      draining = true
      // Also those who are turned away meanwhile.
      while (underWay.size > 0) await Promise.allSettled(underWay)
    },
  }
}
