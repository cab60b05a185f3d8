import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Gateway } from '../gateway/gateway.ts'
import type { Cdn } from '../model/cdn.ts'
import type { Api } from './api.ts'

export interface ServedContext {
  api: Api
  cdn: Cdn
  gateway: Gateway
  /** Answers what is below `/sandbox/`. */
  control: (request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer) => Promise<void>
}

/** Opens the one port behind which everything stands; `serve` puts the parts there once they know the port's address. */
export class LoopbackServer {
  readonly #server: Server
  #parts: ServedContext | undefined

  private constructor(server: Server) {
    this.#server = server
  }

  static async listen(port: number): Promise<LoopbackServer> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
    return new LoopbackServer(server)
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  serve(context: ServedContext): void {
    this.#parts = context
    this.#server.on('upgrade', (request, socket, head) => context.gateway.upgrade(request, socket, head))
    this.#server.on('request', (request, response) => {
      this.#receive(request, response).catch((error: unknown) => {
        // A bug of this stand-in must be seen, in the client's test as well as here.
        console.error(error)
        response
          .writeHead(500, { 'content-type': 'application/json' })
          .end(JSON.stringify({ code: 0, message: 'The local Discord failed: see its output' }))
      })
    })
  }

  async close(): Promise<void> {
    this.#parts?.gateway.close()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readAll(request)
    if (!body || !this.#parts) return
    const url = new URL(request.url ?? '/', 'http://local')
    const path = decodePath(url.pathname)
    if (path.startsWith('/sandbox/')) return this.#parts.control(request, response, url, body)
    if (path.startsWith('/attachments/') || path.startsWith('/ephemeral-attachments/')) {
      sendFile(this.#parts.cdn, path, url, request, response)
      return
    }
    const version = /^\/api\/v10(\/.*)$/.exec(path)
    if (!version?.[1]) {
      send(response, { status: 404, headers: {}, body: { message: '404: Not Found', code: 0 } })
      return
    }
    const answer = await this.#parts.api.receive(request, version[1], url.searchParams, body)
    if (answer === 'reset') request.socket.resetAndDestroy()
    else send(response, answer)
  }
}

/** Undefined when the client went away in the middle of its request. */
async function readAll(request: IncomingMessage): Promise<Buffer | undefined> {
  try {
    return Buffer.concat((await request.toArray()) as Buffer[])
  } catch {
    return undefined
  }
}

/** A 204 has no content type: @discordjs/rest would try to parse its empty body. */
function send(response: ServerResponse, answer: { status: number; headers: Record<string, string>; body: unknown }): void {
  const text = answer.body === undefined ? undefined : JSON.stringify(answer.body)
  response.writeHead(answer.status, { ...answer.headers, ...(text !== undefined && { 'content-type': 'application/json' }) })
  response.end(text)
}

function sendFile(cdn: Cdn, path: string, url: URL, request: IncomingMessage, response: ServerResponse): void {
  const file = cdn.open(path, url.searchParams)
  if (!file || (request.method !== 'GET' && request.method !== 'HEAD')) {
    response.writeHead(404, { 'content-type': 'text/plain;charset=UTF-8' }).end('This content is no longer available.')
    return
  }
  response.writeHead(200, { 'content-type': file.contentType, 'content-length': file.bytes.length })
  response.end(request.method === 'HEAD' ? undefined : file.bytes)
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}
