import { EventEmitter, once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'

export interface ReceivedWebhook {
  path: string
  headers: IncomingHttpHeaders
  rawBody: string
  body: Record<string, unknown>
}

export interface Receiver {
  /** A webhook URL; every other path works too. */
  readonly url: string
  readonly received: readonly ReceivedWebhook[]
  /** The statuses of the next responses; 200 when it is empty. `silence` sends no response. */
  readonly answers: (number | 'silence')[]
  /** Resolves once this many webhooks were received. */
  reached(count: number): Promise<readonly ReceivedWebhook[]>
}

/** Receives webhooks until the test ends. */
export async function startReceiver(): Promise<Receiver> {
  const received: ReceivedWebhook[] = []
  const answers: (number | 'silence')[] = []
  const events = new EventEmitter<{ webhook: [] }>()
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const rawBody = Buffer.concat(chunks).toString()
      received.push({ path: request.url ?? '', headers: request.headers, rawBody, body: JSON.parse(rawBody) as Record<string, unknown> })
      const answer = answers.shift() ?? 200
      if (answer !== 'silence') response.writeHead(answer, answer === 302 ? { location: '/elsewhere' } : {}).end()
      events.emit('webhook')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks/token`,
    received,
    answers,
    reached: async (count) => {
      while (received.length < count) await once(events, 'webhook')
      return received
    },
  }
}
