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

/** What a member can pick for an option while typing: a name of at most 100 characters, and what is sent for it. */
export type Choice = ApplicationCommandOptionChoiceData

/** What people type. Written as a `const` object with `satisfies Command`; its file in `commands/` is all it takes. */
export interface Command {
  readonly data: { readonly name: string; toJSON(): RESTPostAPIChatInputApplicationCommandsJSONBody }
  /** `defer`: a public “thinking…” reply. `modal`: `execute` answers itself, because a modal must be the first response. */
  readonly acknowledge: 'defer' | 'modal'
  /** From memory alone, before the acknowledgement. Throws a `Refusal`, which becomes one ephemeral reply and nothing else. */
  check?(interaction: ChatInputCommandInteraction, context: CommandContext): void
  /**
   * The choices for the option that is being typed, from memory alone: Discord waits three seconds and asks at every key. Options may be missing
   * or incomplete, and a member can send any other value: `check` decides.
   */
  autocomplete?(interaction: AutocompleteInteraction, context: CommandContext): readonly Choice[]
  execute(interaction: ChatInputCommandInteraction, context: CommandContext): Promise<void>
}

/** What people press. Its custom id (`name:argument`) holds all it needs, so that it works after a restart and in any process. */
export interface Button {
  /** The part of the custom id before the first colon. */
  readonly name: string
  /** `update`: nothing visible changes until the card does. */
  readonly acknowledge: 'update' | 'modal'
  execute(interaction: ButtonInteraction, argument: string, context: CommandContext): Promise<void>
}
