import type {
  ApplicationCommandOptionChoiceData,
  AutocompleteInteraction,
  ButtonInteraction,
  ChatInputCommandInteraction,
  RESTPostAPIChatInputApplicationCommandsJSONBody,
} from 'discord.js'

import type { ClipService } from '../../generations/model/clip-service-port.ts'

/** What every command and button is given to work with. */
export interface CommandContext {
  readonly clipService: ClipService
}

/** A choice for an option: a name of at most 100 characters, and the value that is sent for it. */
export type Choice = ApplicationCommandOptionChoiceData

/** A slash command: a `const` object with `satisfies Command`, exported by a file in `commands/`. */
export interface Command {
  readonly data: { readonly name: string; toJSON(): RESTPostAPIChatInputApplicationCommandsJSONBody }
  /** `defer`: a public “thinking…” reply. `modal`: `execute` answers itself, because a modal must be the first response. */
  readonly acknowledge: 'defer' | 'modal'
  /** What it starts may end after the interaction's token: it is refused where the bot's own token would not reach the reply then. */
  readonly outlivesToken?: true
  /** Runs before the acknowledgement and needs memory only. A thrown `Refusal` becomes one ephemeral reply. */
  check?(interaction: ChatInputCommandInteraction, context: CommandContext): void
  /**
   * The choices for the option that is being typed. Needs memory only: Discord asks at every key and waits three seconds. Other options may be
   * missing or incomplete, and a member can send any value, so `check` decides.
   */
  autocomplete?(interaction: AutocompleteInteraction, context: CommandContext): readonly Choice[]
  execute(interaction: ChatInputCommandInteraction, context: CommandContext): Promise<void>
}

/** A button. Its custom id (`name:argument`) holds all it needs, so that it works after a restart and in any process. */
export interface Button {
  /** The part of the custom id before the first colon. */
  readonly name: string
  /** `update`: nothing visible changes until the card does. */
  readonly acknowledge: 'update' | 'modal'
  execute(interaction: ButtonInteraction, argument: string, context: CommandContext): Promise<void>
}
