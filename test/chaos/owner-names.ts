import type { Bot } from './bot.ts'

/**
 * Under which names each bot has claimed: a new one from each start, and from each time that it was taken for dead and went on. The store has only the
 * names, so bots are started and go on one at a time, and whatever name is new then is that bot's.
 */
export class OwnerNames {
  readonly #seen = new Set<string>()
  readonly #names = new Map<Bot, Set<string>>()

  /** To be told what the store lists just before a bot starts or goes on: what is new by then is some other's. */
  see(names: readonly string[]): void {
    for (const name of names) this.#seen.add(name)
  }

  /** Gives the bot that was just started, or went on, what the store lists now and did not before. Is there such a name? */
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
