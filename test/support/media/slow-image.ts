import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

import { onTestFinished } from 'vitest'

export interface SlowImage {
  readonly origin: string
  readonly url: string
  /** Resolves once it was requested. */
  readonly asked: Promise<void>
  /** Answers all requests, past and future. */
  release(): void
}

/** An image that is not sent before it is released. Closed at the end of the test. */
export async function openSlowImage(bytes: Buffer): Promise<SlowImage> {
  const asked = Promise.withResolvers<undefined>()
  const released = Promise.withResolvers<undefined>()
  const server = createServer((_request, response) => {
    asked.resolve(undefined)
    void released.promise.then(() => response.writeHead(200, { 'content-type': 'image/png' }).end(bytes))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, url: `${origin}/picture.png`, asked: asked.promise, release: () => released.resolve(undefined) }
}
