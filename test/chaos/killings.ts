import type { Contents } from './store.ts'

/** The states in which a generation can be when a bot dies; each is met by a long enough run. */
export const durableStates = ['queued', 'submitting', 'rendering', 'delivering', 'held'] as const
const leastKills = 3
/** So many kills are enough to ask for every state. */
export const enoughRounds = 60

/** Tells what a process had in its hands. */
export type Own = (generation: Contents['generations'][number]) => boolean

/** What was met by the kills, read from the store while the bot was dead. */
export class Killings {
  readonly #histogram = new Map<string, number>(durableStates.map((state) => [state, 0]))
  readonly #creates = new Set<string>()
  #count = 0

  /** @param own what the killed process had in its hands */
  record(contents: Contents, own: Own): void {
    this.#count += 1
    const states = new Set(contents.generations.filter(own).map(({ state }) => state))
    for (const state of durableStates) if (states.has(state)) this.#histogram.set(state, (this.#histogram.get(state) ?? 0) + 1)
    this.note(contents, own)
  }

  /** Remembers the create calls that the process is in the middle of, as it is killed or stalled. */
  note({ generations, attempts }: Contents, own: Own): void {
    const mine = new Set(generations.filter(own).map(({ id }) => id))
    for (const { id, generationId, state, operationId } of attempts) {
      if (mine.has(generationId) && state === 'sent' && operationId === null) this.#creates.add(id)
    }
  }

  get count(): number {
    return this.#count
  }

  /** The attempts whose create call a kill or a stall fell into: sent for all the store knows, and not answered. */
  get insideCreate(): ReadonlySet<string> {
    return this.#creates
  }

  get histogram(): Record<string, number> {
    return Object.fromEntries(this.#histogram)
  }

  /** The state that was met most seldom so far. */
  get rarest(): string {
    const [[rarest] = ['']] = [...this.#histogram].sort(([, times], [, others]) => times - others)
    return rarest
  }

  /** The states that were met too seldom for the run to prove much. */
  missed(): string[] {
    return [...this.#histogram].filter(([, times]) => times < leastKills).map(([state]) => state)
  }
}
