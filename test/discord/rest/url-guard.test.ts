import { createServer } from 'node:http'
import type { AddressInfo, LookupFunction } from 'node:net'

import { describe, expect, onTestFinished, test } from 'vitest'

import { createTransport } from '../../../src/discord/rest/transport.ts'
import { createNetwork, type Network } from '../../../src/network/network.ts'

/** A loopback server that names this gateway in every response. */
async function startNaming(gateway: unknown): Promise<string> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ url: gateway, shards: 1 }))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v10`
}

/** A live network in every check, except that it can reach the loopback server above. */
function liveNetwork(address: string): { network: Network; asked: string[] } {
  const asked: string[] = []
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push(hostname)
    const family = address.includes(':') ? 6 : 4
    if (options.all) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
  const live = createNetwork({ allowPrivateAddresses: false, lookup })
  const open = createNetwork({ allowPrivateAddresses: true })
  onTestFinished(async () => {
    await live.close()
    await open.close()
  })
  return { network: { ...live, agent: (options) => open.agent(options) }, asked }
}

async function ask(gateway: unknown, address = '162.159.135.232', path = '/gateway/bot') {
  const { network, asked } = liveNetwork(address)
  const answer = createTransport(network)(`${await startNaming(gateway)}${path}`, { method: 'GET' })
  return { answer: answer.then(({ status }) => status), asked }
}

describe('the gateway URL from Discord', () => {
  test('is accepted if it uses wss and resolves to a public address', async () => {
    const { answer, asked } = await ask('wss://gateway.discord.example')
    expect(await answer).toBe(200)
    expect(asked).toEqual(['gateway.discord.example'])
  })

  test.each([
    ['ws://gateway.discord.example', 'does not use wss'],
    ['https://gateway.discord.example', 'does not use wss'],
    ['wss://127.0.0.1:4650', 'is not a public address'],
    ['wss://[::1]', 'is not a public address'],
    ['wss://10.1.2.3', 'is not a public address'],
    ['gateway.discord.example', 'is missing or malformed'],
    [42, 'is missing or malformed'],
  ])('is rejected without a lookup: %s', async (gateway, words) => {
    const { answer, asked } = await ask(gateway)
    await expect(answer).rejects.toMatchObject({ name: 'UnsafeGatewayUrl', message: expect.stringContaining(words) as string })
    expect(asked).toEqual([])
  })

  test.each(['127.0.0.1', '169.254.169.254', '::1', 'fd00::1'])('is rejected if its name resolves to %s', async (address) => {
    const { answer } = await ask('wss://gateway.discord.example', address)
    await expect(answer).rejects.toMatchObject({ name: 'UnsafeGatewayUrl', cause: { name: 'BlockedTarget' } })
  })

  test('is checked only in gateway responses', async () => {
    const { answer, asked } = await ask('ws://127.0.0.1', '127.0.0.1', '/users/@me')
    expect(await answer).toBe(200)
    expect(asked).toEqual([])
  })

  test('may be any URL in the sandbox', async () => {
    const open = createNetwork({ allowPrivateAddresses: true })
    onTestFinished(() => open.close())
    const answer = await createTransport(open)(`${await startNaming('ws://127.0.0.1:1')}/gateway/bot`, { method: 'GET' })
    expect(answer.status).toBe(200)
  })
})
