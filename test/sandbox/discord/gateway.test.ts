import { once } from 'node:events'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'

interface Payload {
  op: number
  t: string | null
  s: number | null
  d: Record<string, unknown>
}

let discord: LocalDiscord
const sockets: WebSocket[] = []

beforeEach(async () => {
  discord = await startLocalDiscord()
})

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate()
  await discord.close()
})

/** A connection whose payloads are read one by one. */
function connect() {
  const socket = new WebSocket(discord.origin.replace('http', 'ws'))
  sockets.push(socket)
  const received: Payload[] = []
  socket.on('message', (bytes: Buffer) => {
    received.push(JSON.parse(bytes.toString()) as Payload)
    socket.emit('payload')
  })
  return {
    socket,
    send: (op: number, d: unknown) => socket.send(JSON.stringify({ op, d })),
    next: async () => {
      while (received.length === 0) await once(socket, 'payload')
      return received.shift() as Payload
    },
    closed: async () => (await once(socket, 'close'))[0] as number,
  }
}

const identify = (token: string, extra: object = {}) => ({ token, intents: 1, properties: {}, ...extra })

async function identified(extra: object = {}) {
  const connection = connect()
  expect((await connection.next()).op).toBe(10)
  connection.send(2, identify(discord.botToken, extra))
  const ready = await connection.next()
  expect(ready.t).toBe('READY')
  return { ...connection, ready }
}

describe('the gateway', () => {
  it('says hello, acknowledges heartbeats and numbers its events', async () => {
    const connection = await identified()
    expect(connection.ready.s).toBe(1)
    expect(connection.ready.d).toMatchObject({
      v: 10,
      guilds: [{ id: discord.guild.id, unavailable: true }],
      application: { id: discord.applicationId },
    })
    expect(await connection.next()).toMatchObject({ t: 'GUILD_CREATE', s: 2, d: { id: discord.guild.id } })
    connection.send(1, 2)
    expect((await connection.next()).op).toBe(11)
  })

  it.each([
    ['a wrong token', 4004, (send: Send) => send(2, identify('wrong'))],
    ['a wrong token on resume', 4004, (send: Send) => send(6, { token: 'wrong', session_id: 'x', seq: 1 })],
    ['a command before identifying', 4003, (send: Send) => send(3, {})],
    ['a malformed identify', 4002, (send: Send) => send(2, { token: 7 })],
    ['more than 4,096 bytes', 4002, (send: Send) => send(2, { padding: 'x'.repeat(4096) })],
  ])('closes the connection after %s (%i)', async (_name, code, act) => {
    const connection = connect()
    await connection.next()
    act(connection.send)
    expect(await connection.closed()).toBe(code)
  })

  it('closes the connection after a second identify (4005)', async () => {
    const connection = await identified()
    connection.send(2, identify(discord.botToken))
    expect(await connection.closed()).toBe(4005)
  })

  it('replays exactly the missed events on resume', async () => {
    const first = await identified()
    await first.next()
    first.socket.terminate()
    await once(first.socket, 'close')
    const [second, third] = [discord.createGuild({ name: 'Second' }), discord.createGuild({ name: 'Third' })]
    const again = connect()
    await again.next()
    again.send(6, { token: discord.botToken, session_id: first.ready.d['session_id'], seq: 3 })
    expect(await again.next()).toMatchObject({ t: 'GUILD_CREATE', s: 4, d: { id: third.id } })
    expect(await again.next()).toMatchObject({ t: 'RESUMED', s: 5 })
    expect(second.id).not.toBe(third.id)
  })

  it('answers opcode 9 to an unknown session', async () => {
    const connection = connect()
    await connection.next()
    connection.send(6, { token: discord.botToken, session_id: 'unknown', seq: 1 })
    expect(await connection.next()).toMatchObject({ op: 9, d: false })
  })

  it('gives each shard only its own guilds', async () => {
    const guilds = [discord.guild, ...Array.from({ length: 8 }, () => discord.createGuild())]
    const shardOf = (id: string) => Number((BigInt(id) >> 22n) % 2n)
    for (const shard of [0, 1]) {
      const { ready } = await identified({ shard: [shard, 2] })
      const ids = (ready.d['guilds'] as { id: string }[]).map(({ id }) => id)
      expect(ids).toEqual(guilds.map(({ id }) => id).filter((id) => shardOf(id) === shard))
    }
  })
})

type Send = (op: number, d: unknown) => void
