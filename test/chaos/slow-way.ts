import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'

import { between, type Chance } from './chance.ts'

const slowShare = 0.3
const slowestMs = 1500

/**
 * Another way to an origin, on which the answers to some POSTs are late: long enough for a kill to fall between the provider's acceptance and the
 * bot's knowledge of it.
 * @returns `http://127.0.0.1:PORT`
 */
export async function openSlowWay(target: string, chance: Chance): Promise<string> {
  const server = createServer((client) => {
    const provider = connect(Number(new URL(target).port), '127.0.0.1')
    const lateMs = chance() < slowShare ? between(100, slowestMs, chance) : 0
    let isPost = false
    const onward = (act: () => void) => {
      if (isPost && lateMs > 0) setTimeout(act, lateMs)
      else act()
    }
    client.on('data', (chunk: Buffer) => {
      isPost ||= chunk.toString('latin1').startsWith('POST ')
      provider.write(chunk)
    })
    provider.on('data', (chunk: Buffer) => onward(() => client.write(chunk)))
    provider.on('close', () => onward(() => client.destroy()))
    client.on('close', () => provider.destroy())
    for (const socket of [client, provider]) socket.on('error', () => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
