import { type Client, Events } from 'discord.js'
import { beforeEach, expect, onTestFinished, test } from 'vitest'

import { createDiscordClient, signIn } from '../../../src/discord/gateway/client.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
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
