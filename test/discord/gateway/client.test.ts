import { type Client, Events } from 'discord.js'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

import { createDiscordClient, signIn } from '../../../src/discord/gateway/client.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { freePort } from '../../support/network/free-ports.ts'
import { refusals, type ScriptedDiscord } from '../../support/discord/scripted-discord.ts'
import { startExampleDiscord } from '../support/example-discord.ts'

let discord: ScriptedDiscord
let client: Client
let captured: ReturnType<typeof createCapturedLog>
let rejections: number

beforeEach(async () => {
  discord = await startExampleDiscord()
  onTestFinished(() => discord.close())
  captured = createCapturedLog()
  rejections = 0
  client = createDiscordClient({ origins: { discordApi: discord.api }, log: captured.log, onTokenRejected: () => rejections++ })
  onTestFinished(() => client.destroy())
})

async function closeGateway(code: number): Promise<void> {
  await signIn(client, 'bot-token-of-the-test')
  const disconnected = new Promise((resolve) => client.once(Events.ShardDisconnect, resolve))
  discord.closeGateway(code)
  await disconnected
}

test('close code 4004 reports a rejected token', async () => {
  await closeGateway(4004)
  expect(rejections).toBe(1)
})

test('any other permanent close code is logged', async () => {
  await closeGateway(4013)
  expect(captured.text()).toContain('no longer receives interactions')
  expect(rejections).toBe(0)
})

test('a 401 response reports a rejected token', async () => {
  discord.answerOnce('GET', /gateway/, refusals.unauthorized)
  await expect(client.login('wrong')).rejects.toThrow()
  expect(rejections).toBe(1)
})

test('a Discord that does not name its gateway ends the start with one sentence', async () => {
  discord.answerAlways('GET', /gateway/, { status: 503, body: {} })
  const sentence = /^Discord's gateway cannot be reached \(HTTP 503\): wait if Discord has an outage/
  await expect(signIn(client, 'bot-token-of-the-test')).rejects.toThrow(sentence)
  expect(rejections).toBe(0)
})

test('a gateway that nobody serves is named in the log, and tried again', async () => {
  const port = await freePort([])
  const limit = { total: 1000, remaining: 1000, reset_after: 0, max_concurrency: 1 }
  discord.answerAlways('GET', /gateway/, { status: 200, body: { url: `ws://127.0.0.1:${port}`, shards: 1, session_start_limit: limit } })
  const failed = new Promise((resolve) => client.once(Events.ShardReconnecting, resolve))
  const failedAgain = failed.then(() => new Promise((resolve) => client.once(Events.ShardReconnecting, resolve)))
  void signIn(client, 'bot-token-of-the-test')
  await failedAgain
  expect(captured.text().match(/Discord's gateway cannot be reached/g)).toHaveLength(1)
  expect(captured.text()).toContain('the bot keeps trying')
})
