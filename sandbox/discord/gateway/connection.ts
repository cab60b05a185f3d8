import type { WebSocket } from 'ws'

import type { DiscordClock } from '../model/clock.ts'
import { opcodes } from './client-payloads.ts'
import { refuseClient } from './refusals.ts'
import { frame } from './session.ts'

const mostSends = 120
const sendWindowMs = 60_000

/** What Discord expects of one connection, identified or not: heartbeats in time, and not too many payloads. */
export class Connection {
  readonly #socket: WebSocket
  readonly #clock: DiscordClock
  readonly #intervalMs: number
  #cancelAlarm: () => void = () => undefined
  #window = { endsAt: 0, sends: 0 }

  constructor(socket: WebSocket, clock: DiscordClock, heartbeatIntervalMs: number) {
    this.#socket = socket
    this.#clock = clock
    this.#intervalMs = heartbeatIntervalMs
    socket.on('close', () => this.#cancelAlarm())
    socket.send(frame(opcodes.hello, { heartbeat_interval: heartbeatIntervalMs }))
    this.#expectHeartbeat()
  }

  /** Counts a payload that the client sent. @throws GatewayRefusal after too many in a minute */
  countSend(): void {
    const now = this.#clock.pace()
    if (now >= this.#window.endsAt) this.#window = { endsAt: now + sendWindowMs, sends: 0 }
    this.#window.sends += 1
    if (this.#window.sends > mostSends) throw refuseClient.rateLimited()
  }

  acknowledgeHeartbeat(): void {
    this.#socket.send(frame(opcodes.heartbeatAck))
    this.#expectHeartbeat()
  }

  /**
   * A heartbeat that is late is asked for (opcode 1) before the connection is closed after one and a half intervals. A client whose clock is the
   * real one answers even when a test has advanced this clock by hours.
   */
  #expectHeartbeat(): void {
    this.#after(1.25 * this.#intervalMs, () => {
      this.#socket.send(frame(opcodes.heartbeat))
      this.#after(0.25 * this.#intervalMs, () => refuseClient.sessionTimedOut().end(this.#socket))
    })
  }

  #after(milliseconds: number, act: () => void): void {
    this.#cancelAlarm()
    this.#cancelAlarm = this.#clock.at(this.#clock.now() + milliseconds, act)
  }
}
