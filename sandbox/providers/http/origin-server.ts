import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { Hono } from 'hono'
import type { CallEnvironment } from './call.ts'

/** Takes over a connection that leaves HTTP. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

export interface OriginRoutes {
  app: Hono<CallEnvironment>
  upgrade?: Upgrade
}

/** Serves one origin of a provider on this machine; it can refuse connections and accept them again. */
export class OriginServer {
  readonly #listener: ReturnType<typeof getRequestListener>
  readonly #upgrade: Upgrade | undefined
  readonly #upgraded = new Set<Duplex>()
  #server: Server | undefined
  #port: number

  /** @param port 0 for any that is free; the same one is used again after a refusal */
  constructor({ app, upgrade }: OriginRoutes, port: number) {
    // The global Request and Response stay the platform's: clients in the same process use them too.
    this.#listener = getRequestListener((request, bindings) => app.fetch(request, bindings), {
      overrideGlobalObjects: false,
    })
    this.#port = port
    this.#upgrade = upgrade
  }

  /** `http://127.0.0.1:<port>`, known once it listens. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async listen(): Promise<void> {
    if (this.#server) return
    // The usual five seconds end a connection just when a client on a busy machine reuses it.
    const server = createServer({ keepAliveTimeout: 10 * 60_000 }, (request, response) => void this.#listener(request, response))
    const upgrade = this.#upgrade
    if (upgrade) server.on('upgrade', (request, socket, head) => this.#takeOver(upgrade, request, socket, head))
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Closes all connections; the operating system refuses new ones. */
  async close(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = undefined
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    // The server no longer tracks upgraded connections.
    for (const socket of this.#upgraded) socket.destroy()
    await closed
  }

  #takeOver(upgrade: Upgrade, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket)
    socket.once('close', () => this.#upgraded.delete(socket))
    upgrade(request, socket, head)
  }
}
