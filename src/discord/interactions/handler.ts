import type { ButtonInteraction, ChatInputCommandInteraction, Interaction } from 'discord.js'

import { type Clock, wallClock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'

import { parseCustomId } from '../cards/components.ts'
import { describeError } from '../rest/errors.ts'
import { textIn } from '../text/text.ts'

import { type AdmissionLimits, createAdmission, usualLimits } from './admission.ts'
import type { Answerable, ReplyContext } from './answerable.ts'
import { suggestChoices } from './autocomplete.ts'
import { type ChannelAccessContext, createChannelAccess } from './channel-access.ts'
import type { Button, Command, CommandContext } from './command.ts'
import { acknowledge } from './defer.ts'
import { replyPrivately, replyToFailure, replyToUnknown } from './replies.ts'

export interface InteractionsOptions {
  commands: readonly Command[]
  buttons: readonly Button[]
  context: CommandContext
  messages: ReplyContext['messages'] & ChannelAccessContext['messages']
  log: Log
  /** How many interactions may be under way at once, and how many bytes of their images. */
  admissionLimits?: AdmissionLimits | undefined
  /** Real time by default, because Discord's three seconds pass in real time. */
  clock?: Clock | undefined
}

export interface Interactions {
  /** For discord.js's `interactionCreate`. Never rejects. */
  handle(interaction: Interaction): Promise<void>
  /** Rejects new interactions with a private message about the restart. Resolves once every interaction under way has been answered. */
  drain(): Promise<void>
}

export function createInteractions(options: InteractionsOptions): Interactions {
  const { commands, buttons, context, messages, log, admissionLimits = usualLimits, clock = wallClock } = options
  const commandsByName = new Map(commands.map((command) => [command.data.name, command]))
  const buttonsByName = new Map(buttons.map((button) => [button.name, button]))
  const underWay = new Set<Promise<void>>()
  const stopping = new AbortController()
  const admission = createAdmission(admissionLimits, { clock, log })
  const access = createChannelAccess({ messages, clock, log })
  const replies: ReplyContext = { messages, isCard: access.isCard, clock, log, stopping: stopping.signal }

  async function runCommand(interaction: ChatInputCommandInteraction): Promise<void> {
    const command = commandsByName.get(interaction.commandName)
    if (!command) return replyToUnknown(interaction, replies)
    await admission.run(interaction, async () => {
      command.check?.(interaction, context)
      if (command.acknowledge === 'defer' && !(await acknowledge(interaction, () => interaction.deferReply(), { clock, log }))) return
      if (command.outlivesToken) await access.prove(interaction)
      await command.execute(interaction, context)
    })
  }

  async function pressButton(interaction: ButtonInteraction): Promise<void> {
    const { name, argument } = parseCustomId(interaction.customId)
    const button = buttonsByName.get(name)
    if (!button) return replyToUnknown(interaction, replies)
    await admission.run(interaction, async () => {
      if (button.acknowledge === 'update' && !(await acknowledge(interaction, () => interaction.deferUpdate(), { clock, log }))) return
      await button.execute(interaction, argument, context)
    })
  }

  async function answer(interaction: Answerable): Promise<void> {
    try {
      if (stopping.signal.aborted) await replyPrivately(interaction, textIn(interaction.locale)('error.restarting'), replies)
      else await (interaction.isButton() ? pressButton(interaction) : runCommand(interaction))
    } catch (error) {
      await replyToFailure(interaction, error, replies).catch((unanswered: unknown) =>
        log.warn({ interaction: interaction.id, failure: describeError(unanswered) }, 'failure not shown to the member'),
      )
    }
  }

  /** Undefined for other kinds of interaction: the bot registers none. */
  function begin(interaction: Interaction): Promise<void> | undefined {
    if (interaction.isAutocomplete()) return suggestChoices(interaction, commandsByName.get(interaction.commandName), context, log)
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
      stopping.abort(new Error('the bot is stopping'))
      // A loop, because interactions that arrive meanwhile are answered, too.
      while (underWay.size > 0) await Promise.allSettled(underWay)
    },
  }
}
