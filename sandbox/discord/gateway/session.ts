import type { WebSocket } from 'ws'

import { opcodes } from './client-payloads.ts'
import type { GatewayRefusal } from './refusals.ts'

/** A payload without a sequence number: everything but events. */
export function frame(op: number, payload: unknown = null): string {
  return JSON.stringify({ op, d: payload, s: null, t: null })
}

/** One identified client. Its numbered events are kept for replay after a lost connection. */
export class Session {
  readonly id: string
  /** This shard's number and how many there are. */
  readonly shard: readonly [number, number]
  #socket: WebSocket
  #sequence = 0
  #disconnectedAt: number | undefined
  readonly #sent: { sequence: number; text: string }[] = []

  constructor(id: string, shard: readonly [number, number], socket: WebSocket) {
    this.id = id
    this.shard = shard
    this.#socket = socket
  }

  get connected(): boolean {
    return this.#socket.readyState === 1
  }

  /** When the connection was lost; undefined before, and once the session was resumed. */
  get disconnectedAt(): number | undefined {
    return this.#disconnectedAt
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Whether this session gets the events of the guild. Events without a guild go to the first shard. */
  covers(guildId: string | undefined): boolean {
    const [shard, count] = this.shard
    return guildId === undefined ? shard === 0 : Number((BigInt(guildId) >> 22n) % BigInt(count)) === shard
  }

  /** Sends an event, or keeps it until the client resumes. */
  dispatch(type: string, payload: unknown): void {
    this.#sequence += 1
    const text = JSON.stringify({ op: opcodes.dispatch, t: type, s: this.#sequence, d: payload })
    this.#sent.push({ sequence: this.#sequence, text })
    if (this.connected) this.#socket.send(text)
  }

  send(op: number, payload?: unknown): void {
    if (this.connected) this.#socket.send(frame(op, payload))
  }

  /** Continues on a new connection, beginning with the events that the old one missed. */
  resume(socket: WebSocket, lastSeen: number): void {
    this.#socket.terminate()
    this.#socket = socket
    this.#disconnectedAt = undefined
    for (const { sequence, text } of this.#sent) if (sequence > lastSeen) socket.send(text)
    this.dispatch('RESUMED', {})
  }

  /** Remembers when the connection was lost; events are kept until the client resumes. */
  disconnect(now: number): void {
    this.#disconnectedAt = now
  }

  owns(socket: WebSocket): boolean {
    return this.#socket === socket
  }

  refuse(refusal: GatewayRefusal): void {
    refusal.end(this.#socket)
  }

  /** Breaks the connection without a closing handshake, as a lost network does. */
  cut(): void {
    this.#socket.terminate()
  }
}
