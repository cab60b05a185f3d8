import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

import { onTestFinished } from 'vitest'

/** A proxy to a PostgreSQL server whose connections fail like real ones: at one end only, or silently. */
export interface PostgresProxy {
  /** The server's URL through this proxy. */
  readonly url: string
  /** Closes the current connections at the client's end; the server does not notice. */
  cut(): void
  /** Ends all connections and accepts no other until the returned function is called. */
  refuse(): () => void
  /** From now on the current connections drop every byte; both ends stay open. */
  swallow(): void
  /** From now on each connection carries no more than this to the server; undefined lifts the limit. */
  slowDown(bytesPerSecond: number | undefined): void
  /** Resolves once so many connections have more to send than the slow line takes at once. */
  congested(connections: number): Promise<void>
}

/** Closed at the end of the test. */
export async function openPostgresProxy(serverUrl: string): Promise<PostgresProxy> {
  const target = new URL(serverUrl)
  const sockets = new Set<Socket>()
  const open = new Set<{ client: Socket; swallows: boolean; isCut: boolean; line: SlowLine }>()
  let speed: number | undefined
  let isRefusing = false

  const server = createServer((client) => {
    if (isRefusing) {
      client.destroy()
      return
    }
    const provider = connect(Number(target.port || 5432), target.hostname)
    const line = createSlowLine(client, provider, () => speed)
    const connection = { client, swallows: false, isCut: false, line }
    open.add(connection)
    client.on('data', (chunk) => connection.swallows || line.send(chunk))
    provider.on('data', (chunk) => connection.swallows || connection.isCut || client.write(chunk))
    client.on('close', () => {
      open.delete(connection)
      line.end()
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
    refuse() {
      isRefusing = true
      for (const socket of sockets) socket.destroy()
      return () => {
        isRefusing = false
      }
    },
    swallow() {
      for (const connection of open) connection.swallows = true
    },
    slowDown(bytesPerSecond) {
      speed = bytesPerSecond
    },
    async congested(connections) {
      while ([...open].filter(({ line }) => line.isCongested()).length < connections) await sleep(tickMs)
    },
  }
}

const tickMs = 20

interface SlowLine {
  send(chunk: Buffer): void
  isCongested(): boolean
  end(): void
}

/** Passes on what the speed allows in each tick, and reads no more from the client until that is sent. */
function createSlowLine(client: Socket, server: Socket, speed: () => number | undefined): SlowLine {
  let waiting: Buffer = Buffer.alloc(0)
  const timer = setInterval(() => {
    if (waiting.length === 0) return
    const allowed = Math.ceil(((speed() ?? Infinity) * tickMs) / 1000)
    server.write(waiting.subarray(0, allowed))
    waiting = waiting.subarray(allowed)
    if (waiting.length === 0) client.resume()
  }, tickMs)
  return {
    send(chunk) {
      if (speed() === undefined && waiting.length === 0) {
        server.write(chunk)
        return
      }
      waiting = Buffer.concat([waiting, chunk])
      client.pause()
    },
    isCongested: () => waiting.length > 32 * 1024,
    end: () => clearInterval(timer),
  }
}
