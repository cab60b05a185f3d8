import { expect, test } from 'vitest'

import { CardUpdater } from '../../../src/discord/delivery/card-updater.ts'
import { createEditBudget } from '../../../src/discord/delivery/edit-budget.ts'
import { createManualClock } from '../../support/clocks/manual-clock.ts'

/** A message whose writes end only on request. */
function createSlowMessage() {
  const begun: string[] = []
  const open: PromiseWithResolvers<number | undefined>[] = []
  return {
    begun,
    spacingMs: 3000,
    write(body: string): Promise<number | undefined> {
      begun.push(body)
      const response = Promise.withResolvers<number | undefined>()
      open.push(response)
      return response.promise
    },
    async respond(retryInMs?: number) {
      open.shift()?.resolve(retryInMs)
      await turn()
    },
    async fail() {
      open.shift()?.reject(new Error('refused'))
      await turn()
    },
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

function setUp() {
  const clock = createManualClock(0)
  const message = createSlowMessage()
  const editBudget = createEditBudget(clock)
  return { clock, message, updater: new CardUpdater<string>(message, { editBudget }) }
}

test('runs one write at a time; newer content replaces waiting content', async () => {
  const { message, updater } = setUp()
  updater.offer('queued', 'one')
  updater.offer('submitting', 'two')
  updater.offer('rendering', 'three')
  expect(message.begun).toEqual(['one'])
  await message.respond()
  expect(message.begun).toEqual(['one', 'three'])
})

test('writes of one state are three seconds apart, measured from the end', async () => {
  const { clock, message, updater } = setUp()
  updater.offer('rendering', '10 %')
  await clock.advance(2000)
  await message.respond()
  updater.offer('rendering', '20 %')
  await clock.advance(2999)
  expect(message.begun).toEqual(['10 %'])
  updater.offer('rendering', '30 %')
  await clock.advance(1)
  expect(message.begun).toEqual(['10 %', '30 %'])
})

test('a changed state does not wait for the spacing', async () => {
  const { clock, message, updater } = setUp()
  updater.offer('rendering', '10 %')
  await message.respond()
  updater.offer('rendering', '20 %')
  updater.offer('delivering', 'posting')
  expect(message.begun).toEqual(['10 %', 'posting'])
  expect(clock.sleepers).toBe(0)
})

test('a state that was shown before waits for the spacing, as between the attempts of one request', async () => {
  const { clock, message, updater } = setUp()
  for (const state of ['queued', 'submitting']) {
    updater.offer(state, `${state} 1`)
    await message.respond()
  }
  updater.offer('queued', 'queued 2')
  updater.offer('submitting', 'submitting 2')
  await clock.advance(2999)
  expect(message.begun).toEqual(['queued 1', 'submitting 1'])
  await clock.advance(1)
  expect(message.begun).toEqual(['queued 1', 'submitting 1', 'submitting 2'])
  await message.respond()
  updater.offer('rendering', 'rendering 1')
  expect(message.begun.at(-1)).toBe('rendering 1')
})

test('a changed state stays urgent when newer content of it arrives', async () => {
  const { message, updater } = setUp()
  updater.offer('queued', 'in the queue')
  updater.offer('rendering', '0 %')
  updater.offer('rendering', '1 %')
  await message.respond()
  expect(message.begun).toEqual(['in the queue', '1 %'])
})

test('a failed write does not stop the next one', async () => {
  const { message, updater } = setUp()
  updater.offer('queued', 'in the queue')
  await message.fail()
  updater.offer('rendering', '0 %')
  expect(message.begun).toEqual(['in the queue', '0 %'])
})

test('a failed write is retried after its delay', async () => {
  const { clock, message, updater } = setUp()
  updater.offer('queued', 'in the queue')
  await message.respond(10_000)
  await clock.advance(9999)
  expect(message.begun).toEqual(['in the queue'])
  await clock.advance(1)
  expect(message.begun).toEqual(['in the queue', 'in the queue'])
  await message.respond()
  await clock.advance(60_000)
  expect(message.begun).toHaveLength(2)
})

test('newer content replaces a write to retry and waits for the same delay', async () => {
  const { clock, message, updater } = setUp()
  updater.offer('queued', 'in the queue')
  await message.respond(10_000)
  updater.offer('rendering', '0 %')
  await clock.advance(9999)
  expect(message.begun).toEqual(['in the queue'])
  await clock.advance(1)
  expect(message.begun).toEqual(['in the queue', '0 %'])
})

test('the final write does not wait for a retry', async () => {
  const { clock, message, updater } = setUp()
  updater.offer('queued', 'in the queue')
  await message.respond(60_000)
  const finished = updater.finish(() => message.write('the clip'))
  await turn()
  expect(message.begun).toEqual(['in the queue', 'the clip'])
  await message.respond()
  await finished
  await clock.advance(60_000)
  expect(message.begun).toHaveLength(2)
  expect(clock.sleepers).toBe(0)
})

test('the final write waits for the write in flight, drops waiting content and closes the updater', async () => {
  const { clock, message, updater } = setUp()
  updater.offer('rendering', '10 %')
  updater.offer('rendering', '20 %')
  const finished = updater.finish(() => message.write('the clip'))
  await turn()
  expect(message.begun).toEqual(['10 %'])
  await message.respond()
  expect(message.begun).toEqual(['10 %', 'the clip'])
  await message.respond()
  await finished
  updater.offer('rendering', 'late')
  await clock.advance(10_000)
  expect(message.begun).toEqual(['10 %', 'the clip'])
  expect(clock.sleepers).toBe(0)
})

test('the final write aborts the write in flight', async () => {
  const clock = createManualClock(0)
  const write = (_body: string, aborted: AbortSignal) =>
    new Promise<undefined>((resolve) => aborted.addEventListener('abort', () => resolve(undefined)))
  const updater = new CardUpdater<string>({ write, spacingMs: 3000 }, { editBudget: createEditBudget(clock) })
  updater.offer('rendering', '10 %')
  expect(await updater.finish(() => Promise.resolve('the clip'))).toBe('the clip')
})

test('several final writes run one after the other, even after a failed one', async () => {
  const { message, updater } = setUp()
  const held = expect(updater.finish(() => message.write('held'))).rejects.toThrow('refused')
  const failed = updater.finish(() => message.write('failed'))
  const clip = updater.finish(() => message.write('the clip'))
  await turn()
  expect(message.begun).toEqual(['held'])
  await message.fail()
  await held
  expect(message.begun).toEqual(['held', 'failed'])
  await message.respond()
  await failed
  await message.respond()
  await clip
  expect(message.begun).toEqual(['held', 'failed', 'the clip'])
})

test('a failed final write can be repeated', async () => {
  const { message, updater } = setUp()
  const first = expect(updater.finish(() => message.write('the clip'))).rejects.toThrow('refused')
  await turn()
  await message.fail()
  await first
  const second = updater.finish(() => message.write('the clip'))
  await turn()
  await message.respond()
  await second
  expect(message.begun).toEqual(['the clip', 'the clip'])
})

test('drain writes a changed state, drops progress and leaves no timer', async () => {
  const { clock, message, updater } = setUp()
  updater.offer('queued', 'in the queue')
  updater.offer('rendering', '0 %')
  let drained = false
  const drain = updater.drain().then(() => (drained = true))
  await message.respond()
  expect(message.begun).toEqual(['in the queue', '0 %'])
  updater.offer('rendering', '1 %')
  expect(drained).toBe(false)
  await message.respond()
  await drain
  expect(message.begun).toEqual(['in the queue', '0 %'])
  expect(clock.sleepers).toBe(0)
})
