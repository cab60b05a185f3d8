import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { WebSocketServer } from 'ws'

/** One call as received. */
export interface RecordedCall {
  method: string
  /** Decoded and without `/api/v10`. */
  path: string
  query: URLSearchParams
  authorization: string | undefined
  body: Record<string, unknown>
  files: { field: string; name: string; type: string; bytes: Uint8Array }[]
}

export interface ScriptedAnswer {
  status: number
  body?: unknown
  headers?: Record<string, string>
  /** Cut the connection instead of answering. */
  reset?: boolean
}

export interface ScriptedDiscord {
  /** For `origins.discordApi`. */
  readonly api: string
  readonly calls: RecordedCall[]
  /** The next matching call gets this answer instead of success; answers for the same call are used in order. */
  answerOnce(method: string, path: RegExp, answer: ScriptedAnswer): void
  /** The same for every such call from now on. */
  answerAlways(method: string, path: RegExp, answer: ScriptedAnswer): void
  /** Holds matching calls until the returned function is called. */
  hold(method: string, path: RegExp): () => void
  /** Resolves with the matching call at this index once it has arrived. */
  call(method: string, path: RegExp, place?: number): Promise<RecordedCall>
  /** Sends an event to the bot's gateway connection. */
  dispatch(name: string, payload: unknown): void
  /** Closes the bot's gateway connection with one of Discord's close codes. */
  closeGateway(code: number): void
  close(): Promise<void>
}

/** Discord's error answers, as documented. */
export const refusals = {
  unknownMessage: { status: 404, body: { message: 'Unknown Message', code: 10008 } },
  unknownWebhook: { status: 404, body: { message: 'Unknown Webhook', code: 10015 } },
  unknownInteraction: { status: 404, body: { message: 'Unknown interaction', code: 10062 } },
  alreadyAcknowledged: { status: 400, body: { message: 'Interaction has already been acknowledged.', code: 40060 } },
  invalidWebhookToken: { status: 401, body: { message: 'Invalid Webhook Token', code: 50027 } },
  unauthorized: { status: 401, body: { message: '401: Unauthorized', code: 0 } },
  missingAccess: { status: 403, body: { message: 'Missing Access', code: 50001 } },
  missingPermissions: { status: 403, body: { message: 'Missing Permissions', code: 50013 } },
  archivedThread: { status: 403, body: { message: 'Thread is archived', code: 50083 } },
  lockedThread: { status: 403, body: { message: 'Thread is locked', code: 160005 } },
  noMessageHistory: { status: 403, body: { message: 'Cannot reply without permission to read message history', code: 160002 } },
  tooLarge: { status: 413, body: { message: 'Request entity too large', code: 40005 } },
  tooManyOldEdits: { status: 429, body: { message: 'Maximum number of edits to messages older than 1 hour reached', code: 30046 } },
  unavailable: { status: 503, body: { message: 'Service unavailable' } },
} as const satisfies Record<string, ScriptedAnswer>

export interface ScriptedDiscordOptions {
  applicationId: string
  guildId: string
  /** The id that the reply to an interaction has. */
  replyId: string
  /** The ids of further messages, in order. */
  messageIds: string[]
}

/** A server on loopback that accepts every call unless scripted otherwise. It proves what is sent, not that Discord would accept it. */
export async function startScriptedDiscord({
  applicationId,
  guildId,
  replyId,
  messageIds,
}: ScriptedDiscordOptions): Promise<ScriptedDiscord> {
  const calls: RecordedCall[] = []
  const script: { method: string; path: RegExp; answer: ScriptedAnswer; always: boolean }[] = []
  const holds: { method: string; path: RegExp; released: Promise<void> }[] = []
  const waiting = new Set<() => void>()
  const fresh = [...messageIds]

  const server = createServer((request, response) => void answer(request, response))
  const gateway = new WebSocketServer({ server })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request)
    calls.push(call)
    for (const check of [...waiting]) check()
    const fits = ({ method, path }: { method: string; path: RegExp }) => method === call.method && path.test(call.path)
    await holds.find(fits)?.released
    const index = script.findIndex(fits)
    const scripted = script[index]
    if (scripted && !scripted.always) script.splice(index, 1)
    const { status, body, headers, reset } = scripted?.answer ?? friendly(call)
    if (reset) {
      request.socket.resetAndDestroy()
      return
    }
    // A 204 must have no content type, or discord.js tries to parse the empty body.
    response.writeHead(status, { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) })
    response.end(body === undefined ? undefined : JSON.stringify(body))
  }

  function friendly({ method, path }: RecordedCall): ScriptedAnswer {
    const channelId = /^\/channels\/(\d+)/.exec(path)?.[1] ?? '300000000000000001'
    if (path === '/gateway/bot') return { status: 200, body: gatewayAnswer(port) }
    if (path.endsWith('/callback') || method === 'DELETE') return { status: 204 }
    if (method === 'GET') return { status: 200, body: [] }
    if (path.endsWith('/@original')) return { status: 200, body: messageAnswer(replyId, channelId) }
    if (method === 'PATCH') return { status: 200, body: messageAnswer(path.split('/').at(-1) ?? '', channelId) }
    return { status: 200, body: messageAnswer(fresh.shift() ?? '599999999999999999', channelId) }
  }

  gateway.on('connection', (socket) => {
    const send = (payload: unknown) => {
      socket.send(JSON.stringify(payload))
    }
    send({ op: 10, d: { heartbeat_interval: 45_000 } })
    socket.on('message', (raw: Buffer) => {
      const { op } = JSON.parse(raw.toString()) as { op: number }
      if (op === 1) send({ op: 11 })
      if (op !== 2) return
      const ready = {
        v: 10,
        user: { id: applicationId, username: 'rushes', discriminator: '0000', bot: true },
        guilds: [{ id: guildId, unavailable: true }],
        session_id: 'session',
        resume_gateway_url: `ws://127.0.0.1:${port}`,
        application: { id: applicationId, flags: 0 },
      }
      send({ op: 0, t: 'READY', s: 1, d: ready })
      send({
        op: 0,
        t: 'GUILD_CREATE',
        s: 2,
        d: { id: guildId, name: 'Guild', premium_tier: 2, roles: [], channels: [], members: [], emojis: [] },
      })
    })
  })

  const count = (method: string, path: RegExp) => calls.filter((call) => call.method === method && path.test(call.path))

  return {
    api: `http://127.0.0.1:${port}/api`,
    calls,
    answerOnce: (method, path, scripted) => void script.push({ method, path, answer: scripted, always: false }),
    answerAlways: (method, path, scripted) => void script.push({ method, path, answer: scripted, always: true }),
    hold(method, path) {
      const { promise, resolve } = Promise.withResolvers<undefined>()
      const held = { method, path, released: promise.then(() => undefined) }
      holds.push(held)
      return () => {
        holds.splice(holds.indexOf(held), 1)
        resolve(undefined)
      }
    },
    call(method, path, place = 0) {
      return new Promise((resolve) => {
        const check = () => {
          const found = count(method, path)[place]
          if (!found) return
          waiting.delete(check)
          resolve(found)
        }
        waiting.add(check)
        check()
      })
    },
    dispatch(name, payload) {
      for (const socket of gateway.clients) socket.send(JSON.stringify({ op: 0, t: name, s: 3 + calls.length, d: payload }))
    },
    closeGateway(code) {
      for (const socket of gateway.clients) socket.close(code)
    },
    async close() {
      for (const socket of gateway.clients) socket.terminate()
      gateway.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function readCall(request: IncomingMessage): Promise<RecordedCall> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const raw = Buffer.concat(chunks)
  const url = new URL(request.url ?? '', 'http://discord.local')
  const call: RecordedCall = {
    method: request.method ?? '',
    path: decodeURIComponent(url.pathname.replace(/^\/api\/v10/, '')),
    query: url.searchParams,
    authorization: request.headers.authorization,
    body: {},
    files: [],
  }
  const type = request.headers['content-type'] ?? ''
  if (!type.startsWith('multipart/form-data')) {
    if (raw.length > 0) call.body = JSON.parse(raw.toString()) as Record<string, unknown>
    return call
  }
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- advice for servers that face strangers; this one faces only the bot
  for (const [field, value] of await new Response(raw, { headers: { 'content-type': type } }).formData()) {
    if (typeof value === 'string') call.body = JSON.parse(value) as Record<string, unknown>
    else call.files.push({ field, name: value.name, type: value.type, bytes: new Uint8Array(await value.arrayBuffer()) })
  }
  return call
}

function messageAnswer(id: string, channelId: string) {
  return {
    id,
    channel_id: channelId,
    type: 0,
    content: '',
    author: { id: '100000000000000001', username: 'rushes' },
    attachments: [],
    embeds: [],
  }
}

function gatewayAnswer(port: number) {
  const limit = { total: 1000, remaining: 999, reset_after: 14_400_000, max_concurrency: 1 }
  return { url: `ws://127.0.0.1:${port}`, shards: 1, session_start_limit: limit }
}
