import { createServer, type AddressInfo, type Socket } from 'node:net'

import { onTestFinished } from 'vitest'

export interface SilentOrigin {
  readonly origin: string
  /** Resolves once a POST has arrived; it is never answered. */
  readonly asked: Promise<void>
}

/** Accepts connections and requests, and never answers. Closed at the end of the test. */
export async function openSilentOrigin(): Promise<SilentOrigin> {
  const sockets = new Set<Socket>()
  const asked = Promise.withResolvers<undefined>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      if (chunk.toString('latin1').startsWith('POST ')) asked.resolve(undefined)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: asked.promise }
}
