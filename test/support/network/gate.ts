import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

import { onTestFinished } from 'vitest'

export interface Gate {
  /** `http://127.0.0.1:PORT`, in place of the origin behind it. */
  readonly origin: string
  /** From now on answers to the chosen requests are kept back. */
  hold(): void
  /** Resolves once an answer is kept back: the provider has handled the request by then. */
  readonly answered: Promise<void>
  /** Lets everything through again, also what was kept back. */
  release(): void
}

/**
 * A proxy to an HTTP origin that can keep back answers. Closed at the end of the test.
 * @param chosen Words that a request holds if its answer is to be kept back. Runware takes every request as a POST, also
 * the check of its key, so only words of the body choose its create calls.
 */
export async function openGate(target: string, chosen = 'POST '): Promise<Gate> {
  const sockets = new Set<Socket>()
  const answered = Promise.withResolvers<undefined>()
  let held: PromiseWithResolvers<undefined> | undefined

  const server = createServer((client) => {
    const provider = connect(Number(new URL(target).port), '127.0.0.1')
    let isChosen = false
    let sent = ''
    /** Parts of the answer pass in order. */
    let passed = Promise.resolve()
    const pass = (onward: () => void) => {
      const opened = isChosen ? held?.promise : undefined
      if (opened) answered.resolve(undefined)
      passed = passed.then(() => opened).then(onward)
    }
    client.on('data', (chunk) => {
      // The words may be split between two chunks.
      sent = sent.slice(-chosen.length) + chunk.toString('latin1')
      isChosen ||= sent.includes(chosen)
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
