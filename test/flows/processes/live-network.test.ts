import { createServer, type AddressInfo, type LookupFunction } from 'node:net'

import { describe, expect, it, onTestFinished } from 'vitest'

import { liveOrigins, type Origins } from '../../../src/config/config.ts'
import { type Bot, startBot } from '../../../src/main.ts'
import { temporaryFolder } from '../../support/store/database.ts'

/** A listener that never answers and counts connections. */
async function startListener(address: string): Promise<{ port: number; connections: () => number }> {
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())))
  return { port: (server.address() as AddressInfo).port, connections: () => connections }
}

/** Resolves every name to this address. */
function resolverTo(address: string): { lookup: LookupFunction; asked: string[] } {
  const asked: string[] = []
  const family = address.includes(':') ? 6 : 4
  const lookup: LookupFunction = (hostname, options, callback) => {
    asked.push(hostname)
    if (options.all) callback(null, [{ address, family }])
    else callback(null, address, family)
  }
  return { lookup, asked }
}

function start(origins: Origins, lookup?: LookupFunction): Promise<Bot> {
  const environment = {
    DISCORD_TOKEN: 'a-token-that-nobody-has-given-out',
    FAL_KEY: 'a-key-that-nobody-has-given-out',
    DATA_DIR: temporaryFolder(),
    LOG_LEVEL: 'silent',
  }
  return startBot({ environment, origins, lookup })
}

describe('the live bot', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    // Nothing listens there: the resolved address alone decides.
    ['10.0.0.1', '127.0.0.1'],
  ])('does not connect to a name that resolves to %s', async (resolved, listened) => {
    const listener = await startListener(listened)
    const { lookup, asked } = resolverTo(resolved)
    const discordApi = `https://discord.example:${listener.port}/api`
    await expect(start({ ...liveOrigins, discordApi }, lookup)).rejects.toMatchObject({
      name: 'DiscordUnreachableError',
      cause: { name: 'NotConnected', cause: { name: 'BlockedTarget' } },
    })
    expect(asked).toContain('discord.example')
    expect(listener.connections()).toBe(0)
  })

  it.each(['https://127.0.0.1', 'https://[::1]', 'http://127.0.0.1'])('does not connect to %s', async (origin) => {
    const listener = await startListener(origin.includes('[') ? '::1' : '127.0.0.1')
    const discordApi = `${origin}:${listener.port}/api`
    await expect(start({ ...liveOrigins, discordApi })).rejects.toMatchObject({ cause: { cause: { name: 'BlockedTarget' } } })
    expect(listener.connections()).toBe(0)
  })

  it('connects to the real Discord, and to no private network', async () => {
    const { lookup, asked } = resolverTo('127.0.0.1')
    await expect(start(liveOrigins, lookup)).rejects.toMatchObject({ cause: { cause: { name: 'BlockedTarget' } } })
    expect(new Set(asked)).toEqual(new Set(['discord.com']))
  })
})

it('only the sandbox, which allows it, connects to private addresses', async () => {
  const listener = await startListener('127.0.0.1')
  const { lookup } = resolverTo('127.0.0.1')
  const discordApi = `http://discord.example:${listener.port}/api`
  await expect(start({ ...liveOrigins, discordApi, allowPrivateAddresses: true }, lookup)).rejects.toThrow()
  expect(listener.connections()).toBeGreaterThan(0)
})
