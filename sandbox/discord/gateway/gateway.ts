import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

import { type RawData, type WebSocket, WebSocketServer } from 'ws'
import type { z } from 'zod'

import { Identify, ignoredOpcodes, opcodes, parseAs, readPayload, Resume } from './client-payloads.ts'
import { Connection } from './connection.ts'
import type { GatewayContext } from './context.ts'
import { checkIntents } from './intents.ts'
import { GatewayRefusal, refuseClient } from './refusals.ts'
import { SessionStarts } from './session-starts.ts'
import { frame, Session } from './session.ts'
import { Sessions } from './sessions.ts'

const invalidSession = frame(opcodes.invalidSession, false)
/** A client that closes its connection with one of these gives up its session. */
const closesForGood = [1000, 1001]

/** Discord's gateway: identify, heartbeat, resume, and the ways in which Discord ends a connection. */
export class Gateway {
  readonly #context: GatewayContext
  readonly #starts: SessionStarts
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: 1 << 20 })
  readonly #sessions: Sessions
  #identifies = 0
  #resumes = 0

  constructor(context: GatewayContext) {
    this.#context = context
    this.#starts = new SessionStarts(context.clock, context.settings)
    this.#sessions = new Sessions(context.clock, context.settings.sessionTimeoutMs)
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
    return this.#sessions.all.some((session) => session.connected)
  }

  /** Whether no session has a connection, and Discord knows of each when it was lost. */
  get disconnected(): boolean {
    return this.#sessions.all.every(({ disconnectedAt }) => disconnectedAt !== undefined)
  }

  /** The response to `GET /gateway/bot`. */
  get recommendation(): unknown {
    return { url: this.#context.url, shards: this.#context.settings.shards, session_start_limit: this.#starts.limit }
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const version = new URL(request.url ?? '/', 'http://local').searchParams.get('v') ?? '10'
    this.#server.handleUpgrade(request, socket, head, (client) => {
      client.on('error', () => client.terminate())
      // The only version whose payloads are known here.
      if (version === '10') this.#greet(client)
      else refuseClient.invalidVersion().end(client)
    })
  }

  /**
   * Sends an event to the sessions that cover the guild; a disconnected session gets it when it resumes.
   * @returns how many sessions there are
   */
  dispatch(guildId: string | undefined, type: string, payload: unknown): number {
    const sessions = this.#sessions.covering(guildId)
    for (const session of sessions) session.dispatch(type, payload)
    return sessions.length
  }

  /** Breaks every connection as a lost network does; the sessions can be resumed. */
  cut(): void {
    for (const session of this.#sessions.all) session.cut()
  }

  /** Asks every client to reconnect and resume (opcode 7), as Discord does before a restart of its own. */
  askReconnect(): void {
    for (const session of this.#sessions.all) session.send(opcodes.reconnect)
  }

  /** Ends every session for good (opcode 9): the client has to identify again. */
  invalidateSessions(): void {
    for (const session of this.#sessions.all) session.send(opcodes.invalidSession, false)
    this.#sessions.clear()
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate()
    this.#server.close()
  }

  #greet(client: WebSocket): void {
    const { clock, settings, changes } = this.#context
    const connection = new Connection(client, clock, settings.heartbeatIntervalMs)
    client.on('close', (code) => {
      const session = this.#sessions.ofClient(client)
      session?.disconnect(clock.now())
      if (session && closesForGood.includes(code)) this.#sessions.delete(session)
      changes.announce({ kind: 'gateway' })
    })
    client.on('message', (received) => {
      // What was sent before the client learned of a refusal counts no more.
      if (client.readyState !== client.OPEN) return
      try {
        this.#receive(client, connection, received)
      } catch (error) {
        if (!(error instanceof GatewayRefusal)) throw error
        error.end(client)
      }
    })
  }

  #receive(client: WebSocket, connection: Connection, received: RawData): void {
    connection.countSend()
    const { op, d: content } = readPayload(received)
    const isAuthenticated = this.#sessions.ofClient(client) !== undefined
    switch (op) {
      case opcodes.heartbeat:
        connection.acknowledgeHeartbeat()
        break
      case opcodes.identify:
        if (isAuthenticated) throw refuseClient.alreadyAuthenticated()
        this.#identify(client, parseAs(Identify, content))
        break
      case opcodes.resume:
        if (isAuthenticated) throw refuseClient.alreadyAuthenticated()
        this.#resume(client, parseAs(Resume, content))
        break
      default:
        if (!ignoredOpcodes.includes(op)) throw refuseClient.unknownOpcode()
        if (!isAuthenticated) throw refuseClient.notAuthenticated()
    }
  }

  #identify(client: WebSocket, { token, shard, intents }: z.infer<typeof Identify>): void {
    if (!this.#context.isToken(token)) throw refuseClient.authenticationFailed()
    if (shard[0] < 0 || shard[0] >= shard[1]) throw refuseClient.invalidShard()
    const { settings, ready, afterReady, changes, url } = this.#context
    checkIntents(intents, settings.privilegedIntents)
    const session = new Session(randomBytes(16).toString('hex'), shard, client)
    const guilds = afterReady(session)
    if (guilds.length > settings.guildsPerShard) throw refuseClient.shardingRequired()
    if (!this.#mayStart(session)) {
      client.send(invalidSession)
      return
    }
    this.#sessions.add(session)
    this.#identifies += 1
    session.dispatch('READY', { ...ready(session), session_id: session.id, resume_gateway_url: url, shard })
    for (const { type, payload } of guilds) session.dispatch(type, payload)
    changes.announce({ kind: 'gateway' })
  }

  /** False if the shard has to wait for its turn. */
  #mayStart({ shard: [number] }: Session): boolean {
    if (this.#starts.limit.remaining <= 0) {
      // Discord then ends all sessions and resets the token; its owner gets an email.
      const refusal = refuseClient.authenticationFailed()
      this.#context.resetToken()
      for (const session of this.#sessions.all) session.refuse(refusal)
      this.#sessions.clear()
      throw refusal
    }
    if (!this.#starts.isTurnOf(number)) return false
    this.#starts.count(number)
    return true
  }

  #resume(client: WebSocket, { token, session_id: sessionId, seq }: z.infer<typeof Resume>): void {
    if (!this.#context.isToken(token)) throw refuseClient.authenticationFailed()
    const session = this.#sessions.get(sessionId)
    if (!session) {
      client.send(invalidSession)
      return
    }
    if (this.#sessions.hasTimedOut(session)) {
      // A client that tries once more gets opcode 9 and identifies.
      this.#sessions.delete(session)
      throw refuseClient.sessionTimedOut()
    }
    if (seq > session.sequence) throw refuseClient.invalidSequence()
    this.#resumes += 1
    session.resume(client, seq)
    this.#context.changes.announce({ kind: 'gateway' })
  }
}
