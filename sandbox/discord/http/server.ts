import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Gateway } from '../gateway/gateway.ts'
import type { Cdn } from '../model/cdn.ts'
import type { Api, HttpResponse, RequestUrl } from './api.ts'

export interface ServedContext {
  api: Api
  cdn: Cdn
  gateway: Gateway
  /** Answers the requests below `/sandbox/`. */
  control: (request: IncomingMessage, response: ServerResponse, url: URL, body: Buffer) => Promise<void>
}

/** The one port of the local Discord. It listens first, because the parts that it serves need its address. */
export class LoopbackServer {
  readonly #server: Server
  #context: ServedContext | undefined

  private constructor(server: Server) {
    this.#server = server
  }

  static async listen(port: number): Promise<LoopbackServer> {
    // The usual five seconds end a connection just when a client on a busy machine reuses it.
    const server = createServer({ keepAliveTimeout: 10 * 60_000 })
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
    this.#context = context
    this.#server.on('upgrade', (request, socket, head) => context.gateway.upgrade(request, socket, head))
    this.#server.on('request', (request, response) => {
      receive(request, response, context).catch((error: unknown) => {
        // A bug of the local Discord must be visible in the client's test as well as here.
        console.error(error)
        send(response, { status: 500, headers: {}, body: { code: 0, message: 'The local Discord failed: see its output' } })
      })
    })
  }

  async close(): Promise<void> {
    this.#context?.gateway.close()
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }
}

async function receive(request: IncomingMessage, response: ServerResponse, { api, cdn, control }: ServedContext): Promise<void> {
  const body = await readAll(request)
  if (!body) return
  const url = new URL(request.url ?? '/', 'http://local')
  const path = decodePath(url.pathname)
  if (path.startsWith('/sandbox/')) return control(request, response, url, body)
  if (/^\/(ephemeral-)?attachments\//.test(path)) {
    sendFile(cdn, { path, query: url.searchParams }, request, response)
    return
  }
  const apiPath = /^\/api\/v10(\/.*)$/.exec(path)?.[1]
  if (apiPath === undefined) {
    send(response, { status: 404, headers: {}, body: { message: '404: Not Found', code: 0 } })
    return
  }
  const received = await api.receive(request, { path: apiPath, query: url.searchParams }, body)
  if (received === 'reset') request.socket.resetAndDestroy()
  else send(response, received)
}

/** Undefined when the client disconnected in the middle of its request. */
async function readAll(request: IncomingMessage): Promise<Buffer | undefined> {
  try {
    return Buffer.concat((await request.toArray()) as Buffer[])
  } catch {
    return undefined
  }
}

/** A 204 has no content type: @discordjs/rest would try to parse its empty body. */
function send(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  const text = body === undefined ? undefined : JSON.stringify(body)
  response.writeHead(status, { ...headers, ...(text !== undefined && { 'content-type': 'application/json' }) })
  response.end(text)
}

function sendFile(cdn: Cdn, url: RequestUrl, request: IncomingMessage, response: ServerResponse): void {
  const file = cdn.open(url.path, url.query)
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
