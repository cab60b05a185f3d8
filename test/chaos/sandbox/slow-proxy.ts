import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

import { between, type Random } from '../shared/random.ts'

const slowShare = 0.3
const maxDelayMs = 1500

/**
 * A proxy to an origin that delays some answers to POSTs, long enough for a kill between the provider's acceptance and the bot's knowledge of it.
 * @returns `http://127.0.0.1:PORT`
 */
export async function openSlowProxy(target: string, random: Random): Promise<string> {
  const server = createServer((client) => {
    const provider = connect(Number(new URL(target).port), '127.0.0.1')
    const delayMs = random() < slowShare ? between(100, maxDelayMs, random) : 0
    let isPost = false
    const forward = (send: () => void) => {
      if (isPost && delayMs > 0) setTimeout(send, delayMs)
      else send()
    }
    client.on('data', (chunk: Buffer) => {
      isPost ||= chunk.toString('latin1').startsWith('POST ')
      provider.write(chunk)
    })
    provider.on('data', (chunk: Buffer) => forward(() => client.write(chunk)))
    provider.on('close', () => forward(() => client.destroy()))
    client.on('close', () => provider.destroy())
    for (const socket of [client, provider]) socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
