import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import { onTestFinished } from 'vitest'

/** A proxy to a PostgreSQL server whose connections fail like real ones: at one end only, or silently. */
export interface PostgresProxy {
  /** The server's URL through this proxy. */
  readonly url: string
  /** Closes the current connections at the client's end; the server does not notice. */
  cut(): void
  /** From now on the current connections drop every byte; both ends stay open. */
  swallow(): void
}

/** Closed at the end of the test. */
export async function openPostgresProxy(serverUrl: string): Promise<PostgresProxy> {
  const target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  const open = new Set<{ client: Socket; swallows: boolean; isCut: boolean }>()

  const server = createServer((client) => {
    const provider = connect(Number(target.port || 5432), target.hostname)
    const connection = { client, swallows: false, isCut: false }
    open.add(connection)
    client.on('data', (chunk) => connection.swallows || provider.write(chunk))
    provider.on('data', (chunk) => connection.swallows || connection.isCut || client.write(chunk))
    client.on('close', () => {
      open.delete(connection)
      if (!connection.isCut && !connection.swallows) provider.destroy()
    })
    provider.on('close', () => connection.swallows || client.destroy())
    for (const socket of [client, provider]) {
      sockets.add(socket)
      socket.on('error', () => socket.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })

  const url = new URL(serverUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  return {
    url: url.href,
    cut() {
      for (const connection of open) {
        connection.isCut = true
        connection.client.destroy()
      }
    },
    swallow() {
      for (const connection of open) connection.swallows = true
    },
  }
}
