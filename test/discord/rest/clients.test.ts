import { once } from 'node:events'

import { RESTEvents } from 'discord.js'
import { expect, onTestFinished, test } from 'vitest'

import { refusals } from '../../support/discord/scripted-discord.ts'
import { openRestClients } from '../../support/discord/rest-clients.ts'
import { startExampleDiscord } from '../support/example-discord.ts'

test.each([
  ['of an edit to an old message is a refusal', refusals.tooManyOldEdits, 400],
  ['of a proxy is a fault', { status: 429, body: { message: 'Too many requests' } }, 503],
])('a 429 that names no time to wait is not repeated: that %s', async (_, answer, status) => {
  const discord = await startExampleDiscord()
  onTestFinished(() => discord.close())
  discord.answerAlways('PATCH', /./, answer)
  const rest = openRestClients({ api: discord.api, botToken: 'bot-token-of-the-test', onTokenRejected: () => undefined })
  onTestFinished(() => rest.close())
  const edits = [rest.progress, rest.brief, rest.upload].map((client) => client.patch('/channels/1/messages/2', { body: {} }))
  const refused = expect(Promise.allSettled(edits)).resolves.toMatchObject(edits.map(() => ({ reason: { status } })))
  const fourth = discord.call('PATCH', /./, 3).then(() => {
    throw new Error('an edit was repeated')
  })
  await Promise.race([refused, fourth])
  expect(discord.calls).toHaveLength(3)
})

test('an abort ends a rate-limited call and the call queued behind it at once', async () => {
  const discord = await startExampleDiscord()
  onTestFinished(() => discord.close())
  discord.answerAlways('PATCH', /./, {
    status: 429,
    headers: { 'retry-after': '3600', 'x-ratelimit-scope': 'user' },
    body: { message: 'You are being rate limited.', retry_after: 3600, global: false },
  })
  const rest = openRestClients({ api: discord.api, botToken: 'bot-token-of-the-test', onTokenRejected: () => undefined })
  onTestFinished(() => rest.close())
  const responded = once(rest.upload, RESTEvents.Response)
  const abort = new AbortController()
  const { signal } = abort
  const edits = [1, 2].map(() => rest.upload.patch('/channels/1/messages/2', { body: {}, signal }))
  const outcomes = Promise.allSettled(edits)
  await responded
  const reason = new Error('stopping')
  abort.abort(reason)
  expect(await outcomes).toEqual([
    { status: 'rejected', reason },
    { status: 'rejected', reason },
  ])
  expect(discord.calls).toHaveLength(1)
})
