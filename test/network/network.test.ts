import type { LookupFunction } from 'node:net'

import { request } from 'undici'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { BlockedTarget, isPublicAddress } from '../../src/network/address-guard.ts'
import { NotConnected } from '../../src/network/connector.ts'
import { createNetwork, type Network } from '../../src/network/network.ts'
import { closedOrigin, type ScriptedProvider, startScriptedProvider } from '../support/providers/scripted-provider.ts'

/** A resolver that returns these addresses, one list per call; the last list repeats. */
function resolverOf(...answers: string[][]): LookupFunction & { asked: string[] } {
  const asked: string[] = []
  const lookup: LookupFunction = (hostname, options, callback) => {
    const addresses = answers[Math.min(asked.length, answers.length - 1)] ?? []
    asked.push(hostname)
    const entries = addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
    if (options.all) callback(null, entries)
    else callback(null, addresses[0] ?? '', entries[0]?.family)
  }
  return Object.assign(lookup, { asked })
}

const privateAddresses = [
  ...['127.0.0.1', '127.8.8.8', '0.0.0.0', '10.0.0.1', '172.16.0.1', '192.168.1.1', '169.254.169.254', '100.64.0.1', '192.0.2.1'],
  ...[
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::1',
    '::',
    'fe80::1',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '2001:db8::1',
  ],
  ...['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::7f00:1', '64:ff9b::7f00:1', '2002:7f00:1::', 'fec0::1', 'not an address', ''],
]

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '2a00:1450:4001:800::200e'])('%s is', (address) => {
    expect(isPublicAddress(address)).toBe(true)
  })
  it.each(privateAddresses)('%s is not', (address) => {
    expect(isPublicAddress(address)).toBe(false)
  })
})

describe('the network of the live bot', () => {
  let host: ScriptedProvider
  let network: Network | undefined
  const failureOf = async (url: string, options: { lookup?: LookupFunction } = {}): Promise<unknown> => {
    network = createNetwork({ allowPrivateAddresses: false, ...options })
    return request(url, { dispatcher: network.agent({ connectTimeoutMs: 2000 }) }).then(
      () => expect.unreachable('the connection was opened'),
      (error: unknown) => error,
    )
  }

  beforeEach(async () => {
    host = await startScriptedProvider()
  })
  afterEach(async () => {
    await network?.close()
    await host[Symbol.asyncDispose]()
  })

  function expectBlocked(error: unknown): void {
    expect(error).toBeInstanceOf(NotConnected)
    expect((error as Error).cause).toBeInstanceOf(BlockedTarget)
    expect(host.requests).toEqual([])
  }

  it.each(['127.0.0.1', '10.0.0.1', '169.254.169.254', '::1', '::ffff:127.0.0.1'])(
    'rejects a name that resolves to %s',
    async (address) => {
      const lookup = resolverOf([address])
      expectBlocked(await failureOf(`https://clips.example:${new URL(host.origin).port}/`, { lookup }))
      expect(lookup.asked).toEqual(['clips.example'])
    },
  )

  it('rejects a name with a private address among public ones', async () => {
    expectBlocked(await failureOf('https://clips.example/', { lookup: resolverOf(['8.8.8.8', '127.0.0.1']) }))
  })

  it('resolves once and connects to the address that it checked', async () => {
    // First a public address that nothing answers at, then loopback, like a DNS rebinding attack.
    const lookup = resolverOf(['192.0.2.1'], ['127.0.0.1'])
    expectBlocked(await failureOf(`https://clips.example:${new URL(host.origin).port}/`, { lookup }))
    expect(lookup.asked).toHaveLength(1)
  })

  it.each(['127.0.0.1', '[::1]', '2130706433', '0x7f.1', '[::ffff:7f00:1]', '10.1.2.3', '169.254.169.254'])(
    'does not connect to the literal %s',
    async (literal) => {
      expectBlocked(await failureOf(`https://${literal}:${new URL(host.origin).port}/`))
    },
  )

  it('rejects plain http', async () => {
    expectBlocked(await failureOf('http://clips.example/', { lookup: resolverOf(['8.8.8.8']) }))
  })

  it('rejects on a single connection, too, without opening it', async () => {
    network = createNetwork({ allowPrivateAddresses: false, lookup: resolverOf(['127.0.0.1']) })
    const connection = network.connection(`https://clips.example:${new URL(host.origin).port}`)
    await expect(connection.dispatcher.request({ method: 'GET', path: '/' })).rejects.toBeInstanceOf(NotConnected)
    expect(connection.opened()).toBe(false)
    await connection.close()
  })

  it.each([true, false])('guards the resolver for other clients (all: %s)', async (all) => {
    network = createNetwork({ allowPrivateAddresses: false, lookup: resolverOf(['8.8.8.8'], ['127.0.0.1']) })
    const { lookup } = network
    const resolve = () =>
      new Promise((settle, reject) => {
        lookup('clips.example', { all }, (error, addresses) => {
          if (error) reject(error)
          else settle(addresses)
        })
      })
    expect(await resolve()).toEqual(all ? [{ address: '8.8.8.8', family: 4 }] : '8.8.8.8')
    await expect(resolve()).rejects.toBeInstanceOf(BlockedTarget)
  })
})

describe('the network of the sandbox', () => {
  it('allows http to loopback and uses the given resolver', async () => {
    await using host = await startScriptedProvider()
    const network = createNetwork({ allowPrivateAddresses: true, lookup: resolverOf(['127.0.0.1']) })
    host.on('GET /', { text: 'hello' })
    const { body } = await request(`http://clips.example:${new URL(host.origin).port}/`, { dispatcher: network.agent() })
    expect(await body.text()).toBe('hello')
    await network.close()
  })

  it('distinguishes a connection that was never opened from a lost one', async () => {
    await using host = await startScriptedProvider()
    const network = createNetwork({ allowPrivateAddresses: true })
    const lost = network.connection(host.origin)
    host.on('POST /', { fault: 'reset' })
    await expect(lost.dispatcher.request({ method: 'POST', path: '/', body: '{}' })).rejects.not.toBeInstanceOf(NotConnected)
    expect(lost.opened()).toBe(true)
    const closed = network.connection(await closedOrigin())
    await expect(closed.dispatcher.request({ method: 'POST', path: '/', body: '{}' })).rejects.toBeInstanceOf(NotConnected)
    expect(closed.opened()).toBe(false)
    await network.close()
  })

  it('never opens a single connection twice', async () => {
    await using host = await startScriptedProvider()
    const network = createNetwork({ allowPrivateAddresses: true })
    host.on('POST /', { headers: { connection: 'close' }, text: 'one' }, { text: 'two' })
    const connection = network.connection(host.origin)
    const { dispatcher } = connection
    const first = await dispatcher.request({ method: 'POST', path: '/', body: '{}' })
    expect(await first.body.text()).toBe('one')
    await expect(dispatcher.request({ method: 'POST', path: '/', body: '{}' })).rejects.not.toBeInstanceOf(NotConnected)
    expect(connection.opened()).toBe(true)
    expect(host.requests).toHaveLength(1)
    await network.close()
  })

  it('ends requests in progress when it is closed', async () => {
    await using host = await startScriptedProvider()
    const network = createNetwork({ allowPrivateAddresses: true })
    const arrived = Promise.withResolvers<undefined>()
    host.on('GET /', () => {
      arrived.resolve(undefined)
      return { fault: 'hang' }
    })
    const underWay = expect(request(host.origin, { dispatcher: network.agent() })).rejects.toThrow()
    await arrived.promise
    await network.close()
    await underWay
  })
})
