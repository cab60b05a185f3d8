import type { WebSocket } from 'ws'

export interface Identity {
  intents: number
  /** This shard's number and how many there are. */
  shard: readonly [number, number]
}

/** One identified client: its numbered events, kept for replay after a lost connection. */
export class Session {
  readonly id: string
  readonly identity: Identity
  #socket: WebSocket | undefined
  #sequence = 0
  readonly #sent: { sequence: number; text: string }[] = []

  constructor(id: string, identity: Identity, socket: WebSocket) {
    this.id = id
    this.identity = identity
    this.#socket = socket
  }

  get connected(): boolean {
    return this.#socket?.readyState === 1
  }

  get sequence(): number {
    return this.#sequence
  }

  /** Does this session get the events of the guild? Direct messages (no guild) go to the first shard. */
  covers(guildId: string | undefined): boolean {
    const [shard, count] = this.identity.shard
    return guildId === undefined ? shard === 0 : Number((BigInt(guildId) >> 22n) % BigInt(count)) === shard
  }

  /** Sends an event, or keeps it until the client resumes. */
  dispatch(type: string, payload: unknown): void {
    this.#sequence += 1
    const text = JSON.stringify({ op: 0, t: type, s: this.#sequence, d: payload })
    this.#sent.push({ sequence: this.#sequence, text })
    if (this.connected) this.#socket?.send(text)
  }

  send(payload: unknown): void {
    if (this.connected) this.#socket?.send(JSON.stringify(payload))
  }

  /** A new connection takes over and gets what it missed. */
  resume(socket: WebSocket, lastSeen: number): void {
    this.#socket?.terminate()
    this.#socket = socket
    for (const { sequence, text } of this.#sent) if (sequence > lastSeen) socket.send(text)
    this.dispatch('RESUMED', {})
  }

  owns(socket: WebSocket): boolean {
    return this.#socket === socket
  }

  /** Breaks the connection without a closing handshake, as a lost network does. */
  cut(): void {
    this.#socket?.terminate()
  }
}
