import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { RESTEvents } from 'discord.js'
import { expect, onTestFinished, test } from 'vitest'

import { createRestClients } from '../../../src/discord/rest/clients.ts'

/** Rate limits every call for an hour, and counts the calls. */
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

test('an abort ends a rate-limited call and the call queued behind it at once', async () => {
  const { api, calls } = await startBusyDiscord()
  const rest = createRestClients({ api, botToken: 'bot-token-of-the-test', onTokenRejected: () => undefined })
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
  expect(calls()).toBe(1)
})
