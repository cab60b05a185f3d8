import type {
  ApplicationCommandOptionChoiceData,
  AutocompleteInteraction,
  ButtonInteraction,
  ChatInputCommandInteraction,
  RESTPostAPIChatInputApplicationCommandsJSONBody,
} from 'discord.js'

/** What a member can pick for an option while typing: a name of at most 100 characters, and what is sent for it. */
export type Choice = ApplicationCommandOptionChoiceData

/**
 * What people type. `Context` is whatever the commands are given to work with; this room does not need to know it.
 * Written as a `const` object with `satisfies Command<Parts>`.
 */
export interface Command<Context> {
  readonly data: { readonly name: string; toJSON(): RESTPostAPIChatInputApplicationCommandsJSONBody }
  /** `defer`: a public “thinking…” reply. `modal`: `execute` answers itself, because a modal must be the first response. */
  readonly acknowledge: 'defer' | 'modal'
  /** From memory alone, before the acknowledgement. Throws a `Refusal`, which becomes one ephemeral reply and nothing else. */
  check?(interaction: ChatInputCommandInteraction, context: Context): void
  /**
   * For the option that is being typed, from memory alone: Discord waits three seconds and asks at every key. Options may be missing or half
   * typed, and what is offered binds nobody: the value that is sent in the end is judged by `check`.
   */
  autocomplete?(interaction: AutocompleteInteraction, context: Context): readonly Choice[]
  execute(interaction: ChatInputCommandInteraction, context: Context): Promise<void>
}

/**
 * What people press. All it knows stands in its custom id (`name:argument`), so that it works after a restart and in any process.
 */
export interface Button<Context> {
  /** The part of the custom id before the first colon. */
  readonly name: string
  /** `update`: nothing visible changes until the card does. */
  readonly acknowledge: 'update' | 'modal'
  execute(interaction: ButtonInteraction, argument: string, context: Context): Promise<void>
}
