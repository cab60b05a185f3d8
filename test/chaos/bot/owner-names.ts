import type { Bot } from './bot.ts'

/**
 * The owner names of each bot. It gets a new one at each start, and when it continues after it was taken for dead. The store lists names without processes,
 * so bots are started and resumed one at a time, and a name that is new then is that bot's.
 */
export class OwnerNames {
  readonly #seen = new Set<string>()
  readonly #names = new Map<Bot, Set<string>>()

  /** Call with the names in the store just before a bot starts or resumes: they belong to others. */
  see(names: readonly string[]): void {
    for (const name of names) this.#seen.add(name)
  }

  /** Assigns the names that are new in the store to the bot that was just started or resumed. Returns whether there are any. */
  learn(bot: Bot, names: readonly string[]): boolean {
    const fresh = names.filter((name) => !this.#seen.has(name))
    this.#names.set(bot, new Set([...this.of(bot), ...fresh]))
    this.see(fresh)
    return fresh.length > 0
  }

  of(bot: Bot): ReadonlySet<string> {
    return this.#names.get(bot) ?? new Set()
  }
}
