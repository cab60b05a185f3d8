import { setTimeout as wait } from 'node:timers/promises'

import type { MadeRequest } from '../load/member.ts'
import type { Observer } from '../load/observer.ts'
import type { Contents } from '../shared/store.ts'

/** What can prevent that a request is accepted: the bot that would have done it was killed, was stopped, or lost its connections to the store. */
export type Disruption = 'killed' | 'stopped' | 'disconnected'

/** A bot may be ended in the middle of an acceptance, but only of one that has just begun: an older request would be lost already. */
const beginningMs = 500
/** Ends a run that hangs; no statement about speed. */
const answerWithinMs = 60_000
/** A request may still reach the connection of a bot that is dead, or that has lost its connections to the store. */
const aftermathMs = 1000

/** What is known of a request. */
type Tracked = Pick<MadeRequest, 'mark' | 'madeAt'> & { observer: Pick<Observer, 'interactionId' | 'isAnswered'> }

/** What a disruption found. */
export interface Beginning {
  /** Milliseconds since the epoch. */
  from: number
  /** The requests that were not answered. */
  pending: readonly Tracked[]
  /** How many requests were known. */
  known: number
}

/** Which requests met a disruption before they were accepted. */
export class Disruptions {
  readonly #met = new Map<string, Set<Disruption>>()
  readonly #silent = new Set<Tracked>()
  readonly #requests: readonly Tracked[]

  /** @param requests all requests made so far; grows during the run */
  constructor(requests: readonly Tracked[]) {
    this.#requests = requests
  }

  /** The disruptions that the request met. */
  of(interactionId: string): ReadonlySet<Disruption> {
    return this.#met.get(interactionId) ?? new Set()
  }

  /** Requests without any answer for so long that nothing excuses it. */
  get silent(): ReadonlySet<Tracked> {
    return this.#silent
  }

  /** Call before a bot that accepts requests is ended: resolves once it has answered all but the newest requests. */
  async answered(read: () => Promise<Contents>): Promise<void> {
    const giveUpAt = Date.now() + answerWithinMs
    for (;;) {
      const overdue = this.#pending(Date.now() - beginningMs)
      if (overdue.length === 0) return
      // An accepted request may still wait for its card.
      const accepted = acceptedIn(await read())
      const silent = overdue.filter(({ observer }) => !accepted.has(observer.interactionId))
      if (silent.length === 0) return
      if (Date.now() > giveUpAt) {
        for (const request of silent) this.#silent.add(request)
        return
      }
      await wait(20)
    }
  }

  /** Call when a disruption begins, and give the result to `note` when it is over. */
  begin(): Beginning {
    const from = Date.now()
    return { from, pending: this.#pending(from), known: this.#requests.length }
  }

  /**
   * Notes a disruption that ended at `to`, in milliseconds since the epoch. Call it when no request is on its way to Discord any more.
   * @param contents the store when it was over
   */
  note(kind: Disruption, { pending, from, known, to }: Beginning & { to: number }, contents: Pick<Contents, 'generations'>): void {
    const accepted = acceptedIn(contents)
    // One that was on its way when it began is known only later.
    const meanwhile = this.#requests.filter(({ madeAt }, index) => (madeAt >= from || index >= known) && madeAt <= to + aftermathMs)
    for (const request of [...pending, ...meanwhile]) {
      const id = request.observer.interactionId
      if (accepted.has(id) || this.#silent.has(request)) continue
      this.#met.set(id, new Set([...this.of(id), kind]))
    }
  }

  /** What nothing explains yet: who met a bot's end gets no answer any more. */
  #pending(madeBefore: number): Tracked[] {
    return this.#requests.filter((request) => {
      const met = this.of(request.observer.interactionId)
      const isOver = request.observer.isAnswered || met.has('killed') || met.has('stopped') || this.#silent.has(request)
      return !isOver && request.madeAt <= madeBefore
    })
  }
}

function acceptedIn({ generations }: Pick<Contents, 'generations'>): Set<string> {
  return new Set(generations.map(({ interactionId }) => interactionId))
}
