import { once } from 'node:events'

import { RESTEvents } from 'discord.js'
import { expect, onTestFinished, test } from 'vitest'

import { openRestClients } from '../../support/discord/rest-clients.ts'
import { startExampleDiscord } from '../support/example-discord.ts'

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
