import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import type { z } from 'zod'

import type { Changes } from '../model/changes.ts'
import { ClientPayload, Identify, opcodes, Resume } from './client-payloads.ts'
import { frame, Session } from './session.ts'

const heartbeatIntervalMs = 41_250
const maximumClientBytes = 4096
const closeCodes = { decodeError: 4002, notAuthenticated: 4003, authenticationFailed: 4004, alreadyAuthenticated: 4005 } as const

export interface GatewayContext {
  token: string
  /** Where clients resume. */
  url: string
  changes: Changes
  /** READY without the fields of the session. */
  ready: (session: Session) => Record<string, unknown>
  /** The events that follow READY: one GUILD_CREATE for each guild of the session. */
  afterReady: (session: Session) => { type: string; payload: unknown }[]
}

/** Discord's gateway: identify, heartbeat, resume, and the ways in which Discord ends a connection. */
export class Gateway {
  readonly #context: GatewayContext
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 })
  readonly #sessions = new Map<string, Session>()
  #identifies = 0
  #resumes = 0

  constructor(context: GatewayContext) {
    this.#context = context
  }

  /** How many sessions clients have started. */
  get identifies(): number {
    return this.#identifies
  }

  /** How often a client has resumed a session. */
  get resumes(): number {
    return this.#resumes
  }

  get connected(): boolean {
    return [...this.#sessions.values()].some((session) => session.connected)
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#server.handleUpgrade(request, socket, head, (client) => this.#greet(client))
  }

  /**
   * Sends an event to the sessions that cover the guild; a disconnected session gets it when it resumes.
   * @returns how many sessions there are
   */
  dispatch(guildId: string | undefined, type: string, payload: unknown): number {
    const sessions = [...this.#sessions.values()].filter((session) => session.covers(guildId))
    for (const session of sessions) session.dispatch(type, payload)
    return sessions.length
  }

  /** Breaks every connection as a lost network does; the sessions can be resumed. */
  cut(): void {
    for (const session of this.#sessions.values()) session.cut()
  }

  /** Asks every client to reconnect and resume (opcode 7), as Discord does before a restart of its own. */
  askReconnect(): void {
    for (const session of this.#sessions.values()) session.send(opcodes.reconnect)
  }

  /** Ends every session for good (opcode 9): the client has to identify again. */
  invalidateSessions(): void {
    for (const session of this.#sessions.values()) session.send(opcodes.invalidSession, false)
    this.#sessions.clear()
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate()
    this.#server.close()
  }

  #greet(client: WebSocket): void {
    client.on('error', () => client.terminate())
    client.on('close', () => this.#context.changes.announce({ kind: 'gateway' }))
    client.on('message', (received) => {
      try {
        this.#receive(client, bytesOf(received))
      } catch (error) {
        if (!(error instanceof GatewayRefusal)) throw error
        client.close(error.code, error.message)
      }
    })
    client.send(frame(opcodes.hello, { heartbeat_interval: heartbeatIntervalMs }))
  }

  #receive(client: WebSocket, bytes: Buffer): void {
    if (bytes.length > maximumClientBytes) throw new GatewayRefusal(closeCodes.decodeError, 'Payload is too large.')
    const payload = parseAs(ClientPayload, jsonOf(bytes))
    const session = [...this.#sessions.values()].find((candidate) => candidate.owns(client))
    switch (payload.op) {
      case opcodes.heartbeat:
        client.send(frame(opcodes.heartbeatAck))
        break
      case opcodes.identify:
        if (session) throw new GatewayRefusal(closeCodes.alreadyAuthenticated, 'Already authenticated.')
        this.#identify(client, parseAs(Identify, payload.d))
        break
      case opcodes.resume:
        this.#resume(client, parseAs(Resume, payload.d))
        break
      default:
        // Presence updates and other commands are ignored.
        if (!session) throw new GatewayRefusal(closeCodes.notAuthenticated, 'Not authenticated.')
    }
  }

  #identify(client: WebSocket, { token, shard = [0, 1] }: z.infer<typeof Identify>): void {
    this.#authenticate(token)
    const session = new Session(randomBytes(16).toString('hex'), shard, client)
    // A shard that identifies again has given up its former session.
    for (const [id, former] of this.#sessions) {
      if (!former.connected && former.shard[0] === shard[0]) this.#sessions.delete(id)
    }
    this.#sessions.set(session.id, session)
    this.#identifies += 1
    session.dispatch('READY', { ...this.#context.ready(session), session_id: session.id, resume_gateway_url: this.#context.url, shard })
    for (const { type, payload } of this.#context.afterReady(session)) session.dispatch(type, payload)
    this.#context.changes.announce({ kind: 'gateway' })
  }

  #resume(client: WebSocket, { token, session_id: sessionId, seq }: z.infer<typeof Resume>): void {
    this.#authenticate(token)
    const session = this.#sessions.get(sessionId)
    if (!session || seq > session.sequence) {
      client.send(frame(opcodes.invalidSession, false))
      return
    }
    this.#resumes += 1
    session.resume(client, seq)
    this.#context.changes.announce({ kind: 'gateway' })
  }

  #authenticate(token: string): void {
    if (token !== this.#context.token) throw new GatewayRefusal(closeCodes.authenticationFailed, 'Authentication failed.')
  }
}

/** Ends a connection with one of Discord's close codes. */
class GatewayRefusal extends Error {
  override readonly name = 'GatewayRefusal'
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

function parseAs<Schema extends z.ZodType>(schema: Schema, value: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(value)
  if (!parsed.success) throw new GatewayRefusal(closeCodes.decodeError, 'Error while decoding payload.')
  return parsed.data
}

function bytesOf(received: RawData): Buffer {
  if (Buffer.isBuffer(received)) return received
  return Array.isArray(received) ? Buffer.concat(received) : Buffer.from(received)
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}
