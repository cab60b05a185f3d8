import { expect, test } from 'vitest'

import { createLanes } from '../../src/discord/rest/serial-queue.ts'

const never = new AbortController().signal
const turn = () => new Promise((resolve) => setImmediate(resolve))

function setUp() {
  const begun: string[] = []
  const open = new Map<string, PromiseWithResolvers<undefined>>()
  const call = (name: string) => async () => {
    begun.push(name)
    const answer = Promise.withResolvers<undefined>()
    open.set(name, answer)
    await answer.promise
    return name
  }
  const answer = async (name: string) => {
    open.get(name)?.resolve(undefined)
    await turn()
  }
  return { begun, call, answer, lanes: createLanes() }
}

test('one call at a time in a lane, each lane for itself', async () => {
  const { begun, call, answer, lanes } = setUp()
  const calls = [lanes.take('a', never, call('a1')), lanes.take('a', never, call('a2')), lanes.take('b', never, call('b1'))]
  await turn()
  expect(begun).toEqual(['a1', 'b1'])
  await answer('a1')
  expect(begun).toEqual(['a1', 'b1', 'a2'])
  await answer('a2')
  await answer('b1')
  expect(await Promise.all(calls)).toEqual(['a1', 'a2', 'b1'])
})

test('who waits can step out of it; those behind keep their places', async () => {
  const { begun, call, answer, lanes } = setUp()
  const [leaving, late] = [new AbortController(), AbortSignal.abort(new Error('too late'))]
  const first = lanes.take('a', never, call('first'))
  const left = expect(lanes.take('a', leaving.signal, call('left'))).rejects.toThrow('called off')
  const last = lanes.take('a', never, call('last'))
  await expect(lanes.take('a', late, call('late'))).rejects.toThrow('too late')
  leaving.abort(new Error('called off'))
  await left
  expect(begun).toEqual(['first'])
  await answer('first')
  await first
  expect(begun).toEqual(['first', 'last'])
  await answer('last')
  expect(await last).toBe('last')
})

test('what has its turn is not called off, and what fails does not stop the lane', async () => {
  const { call, answer, lanes } = setUp()
  const leaving = new AbortController()
  const sent = lanes.take('a', leaving.signal, call('sent'))
  await turn()
  leaving.abort(new Error('called off'))
  await answer('sent')
  expect(await sent).toBe('sent')
  await expect(lanes.take('a', never, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
  expect(await lanes.take('a', never, () => Promise.resolve('next'))).toBe('next')
})
