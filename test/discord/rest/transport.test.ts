import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

import { RESTEvents } from 'discord.js'
import { expect, onTestFinished, test } from 'vitest'

import { openRestClients } from '../../support/discord/rest-clients.ts'

interface Received {
  type: string | undefined
  length: string | undefined
  body: string
}

/** REST clients of a Discord that responds so, and the requests that it got. */
async function startClients(respond: RequestListener) {
  const received: Received[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ type: request.headers['content-type'], length: request.headers['content-length'], body })
      respond(request, response)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api`
  const clients = openRestClients({ api, botToken: 'bot-token-of-the-test', onTokenRejected: () => undefined })
  onTestFinished(() => {
    clients.close()
    server.close()
  })
  return { clients, received }
}

test('JSON with characters of several bytes arrives as it was sent, and comes back so', async () => {
  const { clients, received } = await startClients((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' }).end('{"content":"ein Boot 🛶"}')
  })
  const body = { content: '„Boot“ 🛶' }
  expect(await clients.brief.post('/channels/1/messages', { body })).toEqual({ content: 'ein Boot 🛶' })
  expect(received).toEqual([
    { type: 'application/json', length: String(Buffer.byteLength(JSON.stringify(body))), body: JSON.stringify(body) },
  ])
})

test('a file arrives as a form beside its JSON', async () => {
  const { clients, received } = await startClients((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
  })
  await clients.upload.patch('/channels/1/messages/2', {
    body: { content: 'clip' },
    files: [{ name: 'clip.mp4', data: Buffer.from('MP4') }],
  })
  const [{ type, body } = { type: undefined, body: '' }] = received
  const boundary = /^multipart\/form-data; boundary=(.+)$/.exec(type ?? '')?.[1]
  expect(body.split(`--${boundary}`)).toHaveLength(4)
  expect(body).toContain('{"content":"clip"}')
  expect(body).toContain('filename="clip.mp4"')
})

test('a response without a body is a success, and its listeners see status and headers', async () => {
  const { clients, received } = await startClients((_, response) => {
    response.writeHead(204, { 'x-test': ['one', 'two'] }).end()
  })
  const responded = once(clients.brief, RESTEvents.Response)
  await clients.brief.delete('/channels/1/messages/2')
  const [, response] = (await responded) as [unknown, { status: number; headers: Headers }]
  expect(response.status).toBe(204)
  expect(response.headers.get('x-test')).toBe('one, two')
  expect(received).toEqual([{ type: undefined, length: undefined, body: '' }])
})
