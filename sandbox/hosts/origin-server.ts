import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import type { HttpBindings } from '@hono/node-server'

/** Hears one origin of a host on this machine, and can be made to refuse connections and to accept them again. */
export class OriginServer {
  readonly #listener: ReturnType<typeof getRequestListener>
  #server: Server | undefined
  #port: number

  /** @param port 0 for any that is free; the same one is used again after a refusal */
  constructor(answer: (request: Request, bindings: HttpBindings) => Response | Promise<Response>, port: number) {
    // The global Request and Response stay the platform's own: the tests' clients in this process use them too.
    this.#listener = getRequestListener((request, bindings) => answer(request, bindings as HttpBindings), { overrideGlobalObjects: false })
    this.#port = port
  }

  /** `http://127.0.0.1:<port>`, known once it listens. */
  get origin(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  async listen(): Promise<void> {
    if (this.#server) return
    const server = createServer((request, response) => void this.#listener(request, response))
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
    await closed
  }
}
