import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'

/** One answer of a scripted provider. A fault happens to the connection once the whole request has arrived. */
export interface ScriptedAnswer {
  status?: number
  headers?: Record<string, string>
  json?: unknown
  text?: string
  bytes?: Uint8Array
  /**
   * `reset`: the connection is reset, no answer. `hang`: no answer, the connection stays. `cut`: the headers and half of the body, then the
   * end of the connection. `stall`: headers and body without the end of the answer. `garbage`: the text, without any HTTP around it.
   */
  fault?: 'reset' | 'hang' | 'cut' | 'stall' | 'garbage'
}

export interface RecordedRequest {
  method: string
  /** Method and path, and for a list of tasks the type of the first (`POST /v1#getResponse`). */
  route: string
  /** With the query. */
  path: string
  headers: IncomingMessage['headers']
  bytes: Buffer
  /** The body, where it is JSON. */
  json: unknown
  /** The client's port: two requests with the same one came over the same connection. */
  connection: number
}

export type Script = ScriptedAnswer | ((request: RecordedRequest) => ScriptedAnswer | Promise<ScriptedAnswer>)

export interface ScriptedProvider extends AsyncDisposable {
  origin: string
  requests: RecordedRequest[]
  /** Answers a route such as `GET /path` with these, one after another, and repeats the last one. */
  on(route: string, ...answers: Script[]): void
  /** The requests to one route so far. */
  to(route: string): RecordedRequest[]
  /** Called when the connection of a request to this route is closed, by either side. */
  onClose(route: string, listener: () => void): void
}

/** An HTTP server on loopback that answers by script and breaks connections on request. What is not scripted is a 501. */
export async function startScriptedProvider(): Promise<ScriptedProvider> {
  const scripts = new Map<string, Script[]>()
  const requests: RecordedRequest[] = []
  const closeListeners = new Map<string, () => void>()
  const server = createServer((incoming, outgoing) => void respond(incoming, outgoing).catch(() => outgoing.destroy()))

  async function respond(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk)
    const bytes = Buffer.concat(chunks)
    const path = incoming.url ?? ''
    const json = parse(bytes)
    const route = `${incoming.method ?? ''} ${path.split('?')[0] ?? ''}${kindOfTask(json)}`
    const connection = incoming.socket.remotePort ?? 0
    const request = { method: incoming.method ?? '', route, path, headers: incoming.headers, bytes, json, connection }
    requests.push(request)
    incoming.socket.setMaxListeners(0).once('close', () => closeListeners.get(route)?.())
    const script = scripts.get(route)
    const next = script && script.length > 1 ? script.shift() : script?.[0]
    await write(outgoing, typeof next === 'function' ? await next(request) : (next ?? { status: 501 }))
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    on: (route, ...answers) => void scripts.set(route, answers),
    to: (route) => requests.filter((request) => request.route === route),
    onClose: (route, listener) => void closeListeners.set(route, listener),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function write(outgoing: ServerResponse, { status = 200, headers = {}, json, text, bytes, fault }: ScriptedAnswer): Promise<void> {
  if (fault === 'hang') return
  if (fault === 'reset') {
    outgoing.socket?.resetAndDestroy()
    return
  }
  if (fault === 'garbage') {
    outgoing.socket?.end(text ?? '')
    return
  }
  const body = bytes ?? Buffer.from(json === undefined ? (text ?? '') : JSON.stringify(json))
  const length = fault === 'stall' ? {} : { 'content-length': String(body.byteLength) }
  const type = json === undefined ? {} : { 'content-type': 'application/json' }
  outgoing.writeHead(status, { ...type, ...length, ...headers })
  if (!fault) {
    outgoing.end(body)
    return
  }
  const part = fault === 'cut' ? body.subarray(0, Math.floor(body.byteLength / 2)) : body
  await new Promise((resolve) => outgoing.write(part, resolve))
  if (fault === 'cut') outgoing.socket?.destroy()
}

/** `#` and the kind, where the body is a list of tasks. */
function kindOfTask(json: unknown): string {
  const first: unknown = Array.isArray(json) ? json[0] : undefined
  return typeof first === 'object' && first !== null && 'taskType' in first ? `#${String(first.taskType)}` : ''
}

function parse(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown
  } catch {
    return undefined
  }
}

/** An origin on loopback where nothing listens. */
export async function closedOrigin(): Promise<string> {
  const server = createTcpServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}
