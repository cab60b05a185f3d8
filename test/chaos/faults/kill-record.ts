import type { Contents } from '../shared/store.ts'

/** The states of a generation in which a kill can hit it; a long enough run hits each of them. */
export const durableStates = ['queued', 'submitting', 'rendering', 'delivering', 'held'] as const
const minKillsPerState = 3
/** From this many rounds on, a run must have hit every state. */
export const enoughRounds = 60

/** Does the process own this generation? */
export type IsOwn = (generation: Contents['generations'][number]) => boolean

/** What the ends of bots hit, read from the store while the bot was dead. */
export class KillRecord {
  readonly #histogram = new Map<string, number>(durableStates.map((state) => [state, 0]))
  readonly #creates = new Set<string>()
  #count = 0

  /** @param mayOwn what the process may own under a name that is not known yet */
  record(contents: Contents, isOwn: IsOwn, mayOwn: IsOwn): void {
    this.#count += 1
    const states = new Set(contents.generations.filter(isOwn).map(({ state }) => state))
    for (const state of durableStates) if (states.has(state)) this.#histogram.set(state, (this.#histogram.get(state) ?? 0) + 1)
    this.noteCreates(contents, mayOwn)
  }

  /** Remembers the create calls that were interrupted: the process was ended or stalled, or lost its connections. */
  noteCreates({ generations, attempts }: Contents, isOwn: IsOwn): void {
    const own = new Set(generations.filter(isOwn).map(({ id }) => id))
    for (const { id, generationId, state, operationId } of attempts) {
      if (own.has(generationId) && state === 'sent' && operationId === null) this.#creates.add(id)
    }
  }

  get count(): number {
    return this.#count
  }

  /** The attempts whose create call was interrupted: sent as far as the store knows, and not answered. */
  get insideCreate(): ReadonlySet<string> {
    return this.#creates
  }

  get histogram(): Record<string, number> {
    return Object.fromEntries(this.#histogram)
  }

  /** The state that was hit least often so far. */
  get rarest(): string {
    const [[rarest] = ['']] = [...this.#histogram].sort(([, count], [, otherCount]) => count - otherCount)
    return rarest
  }

  /** The states that were hit too rarely for the run to prove much. */
  missed(): string[] {
    return [...this.#histogram].filter(([, count]) => count < minKillsPerState).map(([state]) => state)
  }
}
