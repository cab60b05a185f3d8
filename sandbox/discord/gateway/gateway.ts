import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { WebSocketServer } from 'ws'
import type { RawData, WebSocket } from 'ws'
import type { z } from 'zod'

import type { Changes } from '../model/changes.ts'
import { ClientPayload, Identify, opcodes, Resume } from './client-payloads.ts'
import { Session } from './session.ts'

const heartbeatIntervalMs = 41_250
const maximumClientBytes = 4096
const closeCodes = { decodeError: 4002, notAuthenticated: 4003, authenticationFailed: 4004, alreadyAuthenticated: 4005 } as const

export interface GatewayContext {
  token: string
  /** Told to the client for resuming. */
  url: string
  changes: Changes
  /** READY without what belongs to the session. */
  ready: (session: Session) => Record<string, unknown>
  /** The events that follow READY: one GUILD_CREATE for each guild of the session. */
  afterReady: (session: Session) => { type: string; payload: unknown }[]
}

/** Discord's gateway: identify, heartbeat, resume, and the ways in which Discord ends a connection. */
export class Gateway {
  readonly #parts: GatewayContext
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 })
  readonly #sessions = new Map<string, Session>()
  #identifies = 0
  #resumes = 0

  constructor(context: GatewayContext) {
    this.#parts = context
  }

  /** How often a client has begun a new session, and how often it has resumed one. */
  get identifies(): number {
    return this.#identifies
  }

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
   * Sends an event to the sessions that cover the guild and have one of the intents; a session that is just disconnected gets it when it
   * resumes.
   * @returns how many sessions will see it
   */
  dispatch(guildId: string | undefined, type: string, payload: unknown, intents = 0): number {
    const sessions = [...this.#sessions.values()].filter(
      (session) => session.covers(guildId) && (intents === 0 || (session.identity.intents & intents) !== 0),
    )
    for (const session of sessions) session.dispatch(type, payload)
    return sessions.length
  }

  /** Breaks every connection as a lost network does; the sessions can be resumed. */
  cut(): void {
    for (const session of this.#sessions.values()) session.cut()
  }

  /** Asks every client to reconnect and resume (opcode 7), as Discord does before a restart of its own. */
  askReconnect(): void {
    for (const session of this.#sessions.values()) session.send({ op: opcodes.reconnect, d: null, s: null, t: null })
  }

  /** Ends every session for good (opcode 9): the client has to identify anew. */
  invalidateSessions(): void {
    for (const session of this.#sessions.values()) session.send({ op: opcodes.invalidSession, d: false, s: null, t: null })
    this.#sessions.clear()
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate()
    this.#server.close()
  }

  #greet(client: WebSocket): void {
    client.on('error', () => client.terminate())
    client.on('close', () => this.#parts.changes.announce({ kind: 'gateway' }))
    client.on('message', (received) => {
      try {
        this.#receive(client, bytesOf(received))
      } catch (error) {
        if (!(error instanceof GatewayRefusal)) throw error
        client.close(error.code, error.message)
      }
    })
    client.send(JSON.stringify({ op: opcodes.hello, d: { heartbeat_interval: heartbeatIntervalMs }, s: null, t: null }))
  }

  #receive(client: WebSocket, bytes: Buffer): void {
    if (bytes.length > maximumClientBytes) throw new GatewayRefusal(closeCodes.decodeError, 'Payload is too large.')
    const payload = parseAs(ClientPayload, jsonOf(bytes))
    const session = [...this.#sessions.values()].find((candidate) => candidate.owns(client))
    switch (payload.op) {
      case opcodes.heartbeat:
        client.send(JSON.stringify({ op: opcodes.heartbeatAck, d: null, s: null, t: null }))
        break
      case opcodes.identify:
        if (session) throw new GatewayRefusal(closeCodes.alreadyAuthenticated, 'Already authenticated.')
        this.#identify(client, parseAs(Identify, payload.d))
        break
      case opcodes.resume:
        this.#resume(client, parseAs(Resume, payload.d))
        break
      default:
        // Presence updates and the like change nothing here.
        if (!session) throw new GatewayRefusal(closeCodes.notAuthenticated, 'Not authenticated.')
    }
  }

  #identify(client: WebSocket, { token, intents, shard = [0, 1] }: z.infer<typeof Identify>): void {
    if (token !== this.#parts.token) throw new GatewayRefusal(closeCodes.authenticationFailed, 'Authentication failed.')
    const session = new Session(randomBytes(16).toString('hex'), { intents, shard }, client)
    // A shard that identifies anew has given up what it had before.
    for (const [id, former] of this.#sessions) {
      if (!former.connected && former.identity.shard[0] === shard[0]) this.#sessions.delete(id)
    }
    this.#sessions.set(session.id, session)
    this.#identifies += 1
    session.dispatch('READY', { ...this.#parts.ready(session), session_id: session.id, resume_gateway_url: this.#parts.url, shard })
    for (const { type, payload } of this.#parts.afterReady(session)) session.dispatch(type, payload)
    this.#parts.changes.announce({ kind: 'gateway' })
  }

  #resume(client: WebSocket, { token, session_id: sessionId, seq }: z.infer<typeof Resume>): void {
    if (token !== this.#parts.token) throw new GatewayRefusal(closeCodes.authenticationFailed, 'Authentication failed.')
    const session = this.#sessions.get(sessionId)
    if (!session || seq > session.sequence) {
      client.send(JSON.stringify({ op: opcodes.invalidSession, d: false, s: null, t: null }))
      return
    }
    this.#resumes += 1
    session.resume(client, seq)
    this.#parts.changes.announce({ kind: 'gateway' })
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
