import { once } from 'node:events'

import { expect, onTestFinished } from 'vitest'
import { WebSocket } from 'ws'

import { type LocalDiscord, type LocalDiscordOptions, startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { Member, RunOptions } from '../../../sandbox/discord/people/member.ts'
import { animateCommand } from './bot.ts'

export interface ApiReply {
  status: number
  code: number | undefined
  body: Record<string, unknown>
  headers: Headers
}

export interface CallOptions {
  json?: unknown
  files?: Record<string, { name: string; bytes: Uint8Array }>
  /** The bot token unless given; undefined sends none. */
  token?: string | undefined
}

interface ReceivedInteraction extends Record<string, unknown> {
  id: string
  token: string
}

/** A bot without a library: it sends exactly what a test wants to check. */
export class BareBot {
  readonly #discord: LocalDiscord
  readonly #socket: WebSocket
  readonly #interactions = new Map<string, ReceivedInteraction>()

  private constructor(discord: LocalDiscord, socket: WebSocket) {
    this.#discord = discord
    this.#socket = socket
  }

  /** Identifies at the gateway and registers the `/animate` command. */
  static async connect(discord: LocalDiscord): Promise<BareBot> {
    const socket = new WebSocket(discord.origin.replace('http', 'ws'))
    const bot = new BareBot(discord, socket)
    socket.on('message', (text: Buffer) => {
      const event = JSON.parse(text.toString()) as { op: number; t: string | null; d: ReceivedInteraction }
      if (event.op === 10) socket.send(JSON.stringify({ op: 2, d: { token: discord.botToken, intents: 1, properties: {} } }))
      if (event.t !== 'INTERACTION_CREATE') return
      bot.#interactions.set(event.d.id, event.d)
      socket.emit('interaction', event.d.id)
    })
    await discord.botReady()
    await bot.call('PUT', `/applications/${discord.applicationId}/commands`, { json: [animateCommand.toJSON()] })
    return bot
  }

  close(): void {
    this.#socket.terminate()
  }

  async call(method: string, path: string, options: CallOptions = {}): Promise<ApiReply> {
    const token = 'token' in options ? options.token : this.#discord.botToken
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bot ${token}` }
    let body: FormData | string | undefined
    if (options.files) {
      body = new FormData()
      for (const [field, file] of Object.entries(options.files)) body.append(field, new Blob([Buffer.from(file.bytes)]), file.name)
      body.append('payload_json', JSON.stringify(options.json ?? {}))
    } else if (options.json !== undefined) {
      headers['content-type'] = 'application/json'
      body = JSON.stringify(options.json)
    }
    const response = await fetch(`${this.#discord.apiUrl}/v10${path}`, { method, headers, ...(body !== undefined && { body }) })
    const text = await response.text()
    const parsed = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    return { status: response.status, code: parsed['code'] as number | undefined, body: parsed, headers: response.headers }
  }

  /** Lets the member run `/animate`; returns the delivered interaction with the routes of its token. */
  async receive(member: Member, options: RunOptions = {}) {
    const shown = await member.run('animate', { image: { name: 'boat.png', bytes: Buffer.alloc(10) }, prompt: 'slow push in' }, options)
    return this.received(shown)
  }

  /** The next interaction that arrives. Call it before causing the interaction. */
  async next() {
    const [id] = (await once(this.#socket, 'interaction')) as [string]
    return this.received({ id })
  }

  async received<Shown extends { id: string }>(shown: Shown) {
    while (!this.#interactions.has(shown.id)) await once(this.#socket, 'interaction')
    const payload = this.#interactions.get(shown.id)
    if (!payload) throw new Error('The interaction was not delivered')
    const webhook = `/webhooks/${this.#discord.applicationId}/${payload.token}`
    return {
      shown,
      payload,
      webhook,
      original: `${webhook}/messages/@original`,
      callback: (json: unknown, query = '') =>
        this.call('POST', `/interactions/${payload.id}/${payload.token}/callback${query}`, { json, token: undefined }),
    }
  }
}

/** A local Discord and a connected bot, closed after the test; fails the test if a response broke Discord's specification. */
export async function startDiscordWithBot(options?: LocalDiscordOptions): Promise<{ discord: LocalDiscord; bot: BareBot }> {
  // Most tests are not about limits and send faster than Discord allows.
  const discord = await startLocalDiscord({ rateLimit: { limit: 50, windowMs: 1000 }, ...options })
  const bot = await BareBot.connect(discord)
  onTestFinished(async () => {
    bot.close()
    await discord.close()
    expect(discord.responseProblems).toEqual([])
  })
  return { discord, bot }
}
