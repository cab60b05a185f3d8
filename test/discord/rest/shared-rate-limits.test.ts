import { once } from 'node:events'

import { RateLimitError, type REST } from 'discord.js'
import { expect, onTestFinished, test } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { RestClients } from '../../../src/discord/rest/clients.ts'
import { startExampleDiscord } from '../support/example-discord.ts'
import { openRestClients } from '../../support/discord/rest-clients.ts'

const clip = { name: 'clip.mp4', data: Buffer.alloc(1000) }

test('a clip is not sent into a limit that other clients have used up', async () => {
  const discord = await startLocalDiscord({ rateLimit: { limit: 2, windowMs: 60_000 } })
  onTestFinished(() => discord.close())
  const { id } = discord.guild.channel
  const rest = openClients({ api: discord.apiUrl, botToken: discord.botToken })
  const { id: message } = (await rest.brief.post(`/channels/${id}/messages`, { body: { content: 'card' } })) as { id: string }
  const edit = (client: REST, signal?: AbortSignal) =>
    client.patch(`/channels/${id}/messages/${message}`, { body: { content: 'text' }, files: [clip], ...(signal && { signal }) })
  await edit(rest.brief)
  await edit(rest.progress)

  await expect(edit(rest.progress)).rejects.toThrow(RateLimitError)
  const waits = once(rest.upload, 'rateLimited')
  const abort = new AbortController()
  const upload = expect(edit(rest.upload, abort.signal)).rejects.toThrow('stop')
  expect(await waits).toMatchObject([{ global: false, majorParameter: id }])
  abort.abort(new Error('stop'))
  await upload
  expect(discord.requests.filter(({ operation }) => operation === 'update_message').map(({ status }) => status)).toEqual([200, 200])

  // Another channel has limits of its own.
  const other = discord.guild.createChannel().id
  await expect(rest.progress.patch(`/channels/${other}/messages/${message}`, { body: {} })).rejects.toMatchObject({ status: 404 })
})

test('an answer that was overtaken gives no calls back', async () => {
  const discord = await startExampleDiscord()
  onTestFinished(() => discord.close())
  const standing = (remaining: number) => ({
    status: 200,
    headers: {
      ...{ 'x-ratelimit-bucket': 'edits', 'x-ratelimit-limit': '5', 'x-ratelimit-remaining': String(remaining) },
      'x-ratelimit-reset-after': '3600',
    },
    body: {},
  })
  const rest = openClients({ api: discord.api, botToken: 'bot-token-of-the-test' })
  const edit = (client: REST) => client.patch('/channels/11111111111111111/messages/22222222222222222', { body: {} })
  discord.answerAlways('PATCH', /./, standing(1))
  await edit(rest.brief)
  discord.answerAlways('PATCH', /./, standing(3))
  await edit(rest.progress)
  await expect(edit(rest.progress)).rejects.toThrow(RateLimitError)
  expect(discord.calls).toHaveLength(2)
})

test('after a global limit no call by bot token is sent, and calls by interaction token are', async () => {
  const discord = await startExampleDiscord()
  onTestFinished(() => discord.close())
  discord.answerAlways('PATCH', /channels/, {
    status: 429,
    headers: { 'retry-after': '3600', 'x-ratelimit-global': 'true', 'x-ratelimit-scope': 'global' },
    body: { message: 'You are being rate limited.', retry_after: 3600, global: true },
  })
  const rest = openClients({ api: discord.api, botToken: 'bot-token-of-the-test' })
  await expect(rest.progress.patch('/channels/11111111111111111/messages/22222222222222222', { body: {} })).rejects.toThrow(RateLimitError)
  const waits = once(rest.upload, 'rateLimited')
  const abort = new AbortController()
  const upload = expect(rest.upload.patch('/channels/3333333333333333/messages/4', { body: {}, signal: abort.signal })).rejects.toThrow()
  expect(await waits).toMatchObject([{ global: true }])
  abort.abort()
  await upload
  expect(discord.calls).toHaveLength(1)
  await rest.brief.patch('/webhooks/11111111111111111/token/messages/@original', { body: {}, auth: false })
  expect(discord.calls).toHaveLength(2)
})

function openClients(options: { api: string; botToken: string }): RestClients {
  const clients = openRestClients({ ...options, onTokenRejected: () => undefined })
  onTestFinished(() => clients.close())
  return clients
}
