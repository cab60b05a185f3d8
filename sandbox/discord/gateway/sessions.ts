import type { WebSocket } from 'ws'

import type { DiscordClock } from '../model/clock.ts'
import type { Session } from './session.ts'

/** The sessions that clients have started. A disconnected one stays for some minutes, so that it can be resumed. */
export class Sessions {
  readonly #clock: DiscordClock
  readonly #timeoutMs: number
  readonly #byId = new Map<string, Session>()

  constructor(clock: DiscordClock, timeoutMs: number) {
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  get all(): Session[] {
    return [...this.#byId.values()]
  }

  /** A shard that identifies again has given up its former session. */
  add(session: Session): void {
    for (const former of this.all) if (!former.connected && former.shard[0] === session.shard[0]) this.delete(former)
    this.#byId.set(session.id, session)
  }

  get(id: string): Session | undefined {
    return this.#byId.get(id)
  }

  ofClient(client: WebSocket): Session | undefined {
    return this.all.find((session) => session.owns(client))
  }

  /** Those that receive the events of the guild, now or when they resume. */
  covering(guildId: string | undefined): Session[] {
    return this.all.filter((session) => session.covers(guildId) && !this.hasTimedOut(session))
  }

  hasTimedOut({ disconnectedAt }: Session): boolean {
    return disconnectedAt !== undefined && this.#clock.now() - disconnectedAt > this.#timeoutMs
  }

  delete(session: Session): void {
    this.#byId.delete(session.id)
  }

  clear(): void {
    this.#byId.clear()
  }
}
