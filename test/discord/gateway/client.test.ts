import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Events } from 'discord.js'
import { expect, onTestFinished, test } from 'vitest'
import { WebSocketServer } from 'ws'

import { createDiscordClient } from '../../../src/discord/gateway/client.ts'

import { createCapturedLog } from '../../support/captured-log.ts'
import { refusals, startScriptedDiscord } from '../../support/scripted-discord.ts'
import { ids } from '../support/example-generation.ts'

/** A gateway that accepts a bot without guilds and closes its connection with the given code on request. */
async function startGateway(): Promise<{ api: string; close: (code: number) => void }> {
  const server = createServer((_request, response) => {
    const limit = { total: 1000, remaining: 999, reset_after: 14_400_000, max_concurrency: 1 }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ url, shards: 1, session_start_limit: limit }))
  })
  const gateway = new WebSocketServer({ server })
  gateway.on('connection', (socket) => {
    socket.send(JSON.stringify({ op: 10, d: { heartbeat_interval: 45_000 } }))
    socket.on('message', (received: Buffer) => {
      if ((JSON.parse(received.toString()) as { op: number }).op !== 2) return
      const user = { id: ids.application, username: 'rushes', discriminator: '0000', bot: true }
      const ready = {
        v: 10,
        user,
        guilds: [],
        session_id: 'session',
        resume_gateway_url: url,
        application: { id: ids.application, flags: 0 },
      }
      socket.send(JSON.stringify({ op: 0, t: 'READY', s: 1, d: ready }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `ws://127.0.0.1:${port}`
  onTestFinished(async () => {
    for (const socket of gateway.clients) socket.terminate()
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return {
    api: `http://127.0.0.1:${port}/api`,
    close: (code) => {
      for (const socket of gateway.clients) socket.close(code)
    },
  }
}

async function signIn() {
  const { api, close } = await startGateway()
  const captured = createCapturedLog()
  const rejected = Promise.withResolvers<undefined>()
  let rejections = 0
  const client = createDiscordClient({
    origins: { discordApi: api },
    log: captured.log,
    onTokenRejected: () => {
      rejections += 1
      rejected.resolve(undefined)
    },
  })
  onTestFinished(() => client.destroy())
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve))
  await client.login('bot-token-of-the-test')
  await ready
  return { client, close, captured, rejected: rejected.promise, rejections: () => rejections }
}

test('close code 4004 reports a rejected token, once', async () => {
  const { close, rejected, rejections } = await signIn()
  close(4004)
  await rejected
  expect(rejections()).toBe(1)
})

test('any other permanent close code is logged', async () => {
  const { client, close, captured, rejections } = await signIn()
  const disconnected = new Promise((resolve) => client.once(Events.ShardDisconnect, resolve))
  close(4013)
  await disconnected
  expect(captured.text()).toContain('no longer receives interactions')
  expect(rejections()).toBe(0)
})

test('a token rejected by REST is reported once', async () => {
  const discord = await startScriptedDiscord({ applicationId: ids.application, guildId: ids.guild, replyId: ids.reply, messageIds: [] })
  onTestFinished(() => discord.close())
  let rejections = 0
  const { log } = createCapturedLog()
  const client = createDiscordClient({ origins: { discordApi: discord.api }, log, onTokenRejected: () => rejections++ })
  onTestFinished(() => client.destroy())
  discord.answerOnce('GET', /gateway/, refusals.unauthorized)
  await expect(client.login('wrong')).rejects.toThrow()
  expect(rejections).toBe(1)
})
