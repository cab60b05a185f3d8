import { createServer, type IncomingMessage, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import type { HttpBindings } from '@hono/node-server'

/** Takes a connection over that shall no longer speak HTTP. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void

/** Hears one origin of a provider on this machine, and can be made to refuse connections and to accept them again. */
export class OriginServer {
  readonly #listener: ReturnType<typeof getRequestListener>
  readonly #upgrade: Upgrade | undefined
  readonly #upgraded = new Set<Duplex>()
  #server: Server | undefined
  #port: number

  /** @param port 0 for any that is free; the same one is used again after a refusal */
  constructor(answer: (request: Request, bindings: HttpBindings) => Response | Promise<Response>, port: number, upgrade?: Upgrade) {
    // The global Request and Response stay the platform's own: the tests' clients in this process use them too.
    this.#listener = getRequestListener((request, bindings) => answer(request, bindings as HttpBindings), { overrideGlobalObjects: false })
    this.#port = port
    this.#upgrade = upgrade
  }

  /** `http://127.0.0.1:<port>`, known once it listens. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async listen(): Promise<void> {
    if (this.#server) return
    const server = createServer((request, response) => void this.#listener(request, response))
    const upgrade = this.#upgrade
    if (upgrade) server.on('upgrade', (request, socket, head) => this.#handOver(upgrade, request, socket, head))
    server.listen(this.#port, '127.0.0.1')
    await once(server, 'listening')
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  /** Breaks off what is open; new connections are refused by the machine itself. */
  async close(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = undefined
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    // The server no longer counts these as its own.
    for (const socket of this.#upgraded) socket.destroy()
    await closed
  }

  #handOver(upgrade: Upgrade, request: IncomingMessage, socket: Duplex, head: Buffer): void {
    this.#upgraded.add(socket)
    socket.once('close', () => this.#upgraded.delete(socket))
    upgrade(request, socket, head)
  }
}
