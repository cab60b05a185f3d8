import type { CommandForm, RegisteredCommand } from '../model/command.ts'
import type { SnowflakeSource } from '../model/snowflakes.ts'

/** The application's commands. In a guild, its own commands take precedence over the global ones. */
export class Commands {
  readonly #snowflakes: SnowflakeSource
  readonly #byScope = new Map<string | undefined, RegisteredCommand[]>()

  constructor(snowflakes: SnowflakeSource) {
    this.#snowflakes = snowflakes
  }

  list(guildId: string | undefined): RegisteredCommand[] {
    return this.#byScope.get(guildId) ?? []
  }

  /** Replaces all commands of the scope; a command that keeps its name and type keeps its id. */
  overwrite(guildId: string | undefined, forms: readonly CommandForm[]): RegisteredCommand[] {
    const before = this.list(guildId)
    const after = forms.map((form) => ({
      ...form,
      id: before.find(({ name, type }) => name === form.name && (type ?? 1) === (form.type ?? 1))?.id ?? this.#snowflakes.next(),
      version: this.#snowflakes.next(),
      guildId,
    }))
    this.#byScope.set(guildId, after)
    return after
  }

  /** The slash command of this name that a member of the guild sees. */
  find(name: string, guildId: string): RegisteredCommand | undefined {
    return [...this.list(guildId), ...this.list(undefined)].find((command) => command.name === name && (command.type ?? 1) === 1)
  }
}
