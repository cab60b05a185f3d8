import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, createServer, type TLSSocket } from 'node:tls'

import { expect, it, onTestFinished } from 'vitest'

import { openSocket } from '../../src/storage/postgres/idle-timeout.ts'

/** Long enough for a busy machine, on which neither side may run for a second. */
const silenceMs = 3000
/** Without a certificate: both sides know a key. */
const tls = { ciphers: 'PSK-AES128-GCM-SHA256', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const
const psk = Buffer.alloc(16, 1)

/** TLS over a socket of ours, as the PostgreSQL driver makes it; the server reads only when told to. */
async function openTls() {
  const accepted = Promise.withResolvers<TLSSocket>()
  const server = createServer({ ...tls, pskCallback: () => psk }, (socket) => {
    socket.pause()
    socket.on('error', () => undefined)
    accepted.resolve(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = openSocket(silenceMs)
  socket.connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  const client = connect({ ...tls, socket, pskCallback: () => ({ psk, identity: 'test' }), checkServerIdentity: () => undefined })
  client.on('error', () => undefined)
  socket.on('error', () => undefined)
  await once(client, 'secureConnect')
  const peer = await accepted.promise
  onTestFinished(() => {
    client.destroy()
    peer.destroy()
    server.close()
  })
  return { socket, client, peer }
}

it('an upload over TLS that moves is not cut, however long it takes', async () => {
  const { socket, client, peer } = await openTls()
  const size = 24 * 1024 * 1024
  const sent = new Promise((resolve) => client.write(Buffer.alloc(size), resolve))
  let received = 0
  peer.on('data', (chunk: Buffer) => {
    received += chunk.length
    // A slow reader: twice the limit in all, with bytes moving all the time.
    peer.pause()
    setTimeout(() => peer.resume(), 4)
  })
  peer.resume()
  await Promise.race([sent, once(socket, 'close')])
  expect([socket.destroyed, received > size / 2]).toEqual([false, true])
})

it('a connection over TLS on which nothing moves is cut', async () => {
  const { socket, client } = await openTls()
  client.write(Buffer.alloc(24 * 1024 * 1024))
  const [error] = (await once(socket, 'error')) as [Error]
  expect(error.name).toBe('StoreSilentError')
})
