import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { RESTEvents } from 'discord.js'
import { expect, onTestFinished, test } from 'vitest'

import { createRestClients } from '../../src/discord/rest/clients.ts'

/** Asks every caller to come back in an hour, and counts them. */
async function startBusyDiscord(): Promise<{ api: string; calls: () => number }> {
  let calls = 0
  const server = createServer((request, response) => {
    calls += 1
    request.resume()
    response.writeHead(429, { 'content-type': 'application/json', 'retry-after': '3600', 'x-ratelimit-scope': 'user' })
    response.end(JSON.stringify({ message: 'You are being rate limited.', retry_after: 3600, global: false }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  return { api: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`, calls: () => calls }
}

test('whoever gives up is let go while Discord makes the call wait, also one that stands behind it', async () => {
  const { api, calls } = await startBusyDiscord()
  const rest = createRestClients({ api, botToken: 'bot-token-of-the-test', onTokenRejected: () => undefined })
  onTestFinished(() => rest.close())
  const answered = once(rest.upload, RESTEvents.Response)
  const giveUp = new AbortController()
  const { signal } = giveUp
  const edits = [1, 2].map(() => rest.upload.patch('/channels/1/messages/2', { body: {}, signal }))
  const outcomes = Promise.allSettled(edits)
  await answered
  const reason = new Error('stopping')
  giveUp.abort(reason)
  expect(await outcomes).toEqual([
    { status: 'rejected', reason },
    { status: 'rejected', reason },
  ])
  expect(calls()).toBe(1)
})
