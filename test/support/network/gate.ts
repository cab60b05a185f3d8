import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import { onTestFinished } from 'vitest'

export interface Gate {
  /** `http://127.0.0.1:PORT`, in place of the origin behind it. */
  readonly origin: string
  /** From now on answers to POST requests are kept back. */
  hold(): void
  /** Resolves once an answer is kept back: the provider has handled the request by then. */
  readonly answered: Promise<void>
  /** Lets everything through again, also what was kept back. */
  release(): void
}

/** A proxy to an HTTP origin that can keep back the answers to POST requests. Closed at the end of the test. */
export async function openGate(target: string): Promise<Gate> {
  const sockets = new Set<Socket>()
  const answered = Promise.withResolvers<undefined>()
  let held: PromiseWithResolvers<undefined> | undefined

  const server = createServer((client) => {
    const provider = connect(Number(new URL(target).port), '127.0.0.1')
    let isPost = false
    /** Parts of the answer pass in order. */
    let passed = Promise.resolve()
    const pass = (onward: () => void) => {
      const opened = isPost ? held?.promise : undefined
      if (opened) answered.resolve(undefined)
      passed = passed.then(() => opened).then(onward)
    }
    client.on('data', (chunk) => {
      isPost ||= chunk.toString('latin1').startsWith('POST ')
      provider.write(chunk)
    })
    provider.on('data', (chunk) => pass(() => client.write(chunk)))
    provider.on('close', () => pass(() => client.destroy()))
    client.on('close', () => provider.destroy())
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
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answered: answered.promise,
    hold: () => {
      held = Promise.withResolvers()
    },
    release: () => {
      held?.resolve(undefined)
      held = undefined
    },
  }
}
