import { expect, test } from 'vitest'

import { createSerialQueue } from '../../../src/discord/rest/serial-queue.ts'

const never = new AbortController().signal
const turn = () => new Promise((resolve) => setImmediate(resolve))

function setUp() {
  const begun: string[] = []
  const open = new Map<string, PromiseWithResolvers<undefined>>()
  const call = (name: string) => async () => {
    begun.push(name)
    const response = Promise.withResolvers<undefined>()
    open.set(name, response)
    await response.promise
    return name
  }
  const respond = async (name: string) => {
    open.get(name)?.resolve(undefined)
    await turn()
  }
  return { begun, call, respond, queue: createSerialQueue() }
}

test('runs the calls of one key one at a time, and those of different keys at once', async () => {
  const { begun, call, respond, queue } = setUp()
  const calls = [queue.run('a', never, call('a1')), queue.run('a', never, call('a2')), queue.run('b', never, call('b1'))]
  await turn()
  expect(begun).toEqual(['a1', 'b1'])
  await respond('a1')
  expect(begun).toEqual(['a1', 'b1', 'a2'])
  await respond('a2')
  await respond('b1')
  expect(await Promise.all(calls)).toEqual(['a1', 'a2', 'b1'])
})

test('an aborted call leaves the queue; the calls behind it keep their order', async () => {
  const { begun, call, respond, queue } = setUp()
  const abort = new AbortController()
  const first = queue.run('a', never, call('first'))
  const aborted = expect(queue.run('a', abort.signal, call('aborted'))).rejects.toThrow('not needed')
  const last = queue.run('a', never, call('last'))
  await expect(queue.run('a', AbortSignal.abort(new Error('too late')), call('late'))).rejects.toThrow('too late')
  abort.abort(new Error('not needed'))
  await aborted
  expect(begun).toEqual(['first'])
  await respond('first')
  await first
  expect(begun).toEqual(['first', 'last'])
  await respond('last')
  expect(await last).toBe('last')
})

test('a call that has begun is not aborted, and a failed call does not stop the queue', async () => {
  const { call, respond, queue } = setUp()
  const abort = new AbortController()
  const sent = queue.run('a', abort.signal, call('sent'))
  await turn()
  abort.abort(new Error('not needed'))
  await respond('sent')
  expect(await sent).toBe('sent')
  await expect(queue.run('a', never, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  expect(await queue.run('a', never, () => Promise.resolve('next'))).toBe('next')
})
