import { once } from 'node:events'

import { expect, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

import { type LocalDiscord, type LocalDiscordOptions, startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'

export interface Payload {
  op: number
  t: string | null
  s: number | null
  d: Record<string, unknown>
}

export type GatewayClient = ReturnType<typeof openGateway>

/** A local Discord with the given settings, closed after the test. */
export async function discordWith(options: LocalDiscordOptions = {}): Promise<LocalDiscord> {
  const discord = await startLocalDiscord(options)
  onTestFinished(() => discord.close())
  return discord
}

/** A connection whose payloads are read one by one. */
export function openGateway(discord: LocalDiscord, query = '?v=10&encoding=json') {
  const socket = new WebSocket(`${discord.origin.replace('http', 'ws')}/${query}`)
  onTestFinished(() => socket.terminate())
  const received: Payload[] = []
  const closing = once(socket, 'close') as Promise<[number]>
  // A test that expects a payload waits for ever otherwise.
  const closedEarly = closing.then(([code]) => Promise.reject(new Error(`the gateway closed the connection: ${code}`)))
  closedEarly.catch(() => undefined)
  socket.on('message', (bytes: Buffer) => {
    received.push(JSON.parse(bytes.toString()) as Payload)
    socket.emit('payload')
  })
  const next = async () => {
    while (received.length === 0) await Promise.race([once(socket, 'payload'), closedEarly])
    return received.shift() as Payload
  }
  return {
    socket,
    next,
    send: (op: number, content: unknown = null) => socket.send(JSON.stringify({ op, d: content })),
    closed: async () => (await closing)[0],
    /** The next payload of this opcode or event; those before it are dropped. */
    until: async (wanted: number | string) => {
      for (;;) {
        const payload = await next()
        if (payload.op === wanted || payload.t === wanted) return payload
      }
    },
  }
}

export const identifyWith = (token: string, extra: object = {}) => ({ token, intents: 1, properties: {}, ...extra })

/** A connection that was greeted and has sent its identify; what Discord makes of it is still to be read. */
export async function identifying(discord: LocalDiscord, extra: object = {}): Promise<GatewayClient> {
  const client = openGateway(discord)
  await client.until(10)
  client.send(2, identifyWith(discord.botToken, extra))
  return client
}

export async function identified(discord: LocalDiscord, extra: object = {}) {
  const client = await identifying(discord, extra)
  const ready = await client.next()
  expect(ready.t).toBe('READY')
  return { ...client, ready, sessionId: ready.d['session_id'] as string }
}

export async function resuming(discord: LocalDiscord, sessionId: string, seq: number): Promise<GatewayClient> {
  const client = openGateway(discord)
  await client.until(10)
  client.send(6, { token: discord.botToken, session_id: sessionId, seq })
  return client
}

/** Loses the connection as a network does, and waits until the local Discord has noticed. */
export async function lose(discord: LocalDiscord, client: GatewayClient): Promise<void> {
  client.socket.terminate()
  await discord.botGone()
}
