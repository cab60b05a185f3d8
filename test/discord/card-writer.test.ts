import { expect, test } from 'vitest'

import { createCardWriter, type Postponed } from '../../src/discord/delivery/card-updater.ts'

import { createManualClock } from './manual-clock.ts'

/** A place to write to that answers only when told. */
function createSlowPlace() {
  const begun: string[] = []
  const open: PromiseWithResolvers<Postponed | undefined>[] = []
  return {
    begun,
    write(body: string): Promise<Postponed | undefined> {
      begun.push(body)
      const answer = Promise.withResolvers<Postponed | undefined>()
      open.push(answer)
      return answer.promise
    },
    async answer() {
      open.shift()?.resolve(undefined)
      await turn()
    },
    async postpone(retryInMs: number) {
      open.shift()?.resolve({ retryInMs })
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
  const place = createSlowPlace()
  return { clock, place, writer: createCardWriter<string>({ clock, write: (body) => place.write(body) }) }
}

test('one write at a time, and newer content replaces what waits', async () => {
  const { place, writer } = setUp()
  writer.offer('queued', 'one')
  writer.offer('submitting', 'two')
  writer.offer('rendering', 'three')
  expect(place.begun).toEqual(['one'])
  await place.answer()
  expect(place.begun).toEqual(['one', 'three'])
})

test('progress keeps three seconds between the end of one write and the next', async () => {
  const { clock, place, writer } = setUp()
  writer.offer('rendering', '10 %')
  await clock.advance(2000)
  await place.answer()
  writer.offer('rendering', '20 %')
  await clock.advance(2999)
  expect(place.begun).toEqual(['10 %'])
  writer.offer('rendering', '30 %')
  await clock.advance(1)
  expect(place.begun).toEqual(['10 %', '30 %'])
})

test('a new state does not wait for the spacing', async () => {
  const { clock, place, writer } = setUp()
  writer.offer('rendering', '10 %')
  await place.answer()
  writer.offer('rendering', '20 %')
  writer.offer('delivering', 'posting')
  expect(place.begun).toEqual(['10 %', 'posting'])
  expect(clock.sleepers).toBe(0)
})

test('a state that was news stays urgent when newer text of it comes', async () => {
  const { place, writer } = setUp()
  writer.offer('queued', 'in the queue')
  writer.offer('rendering', '0 %')
  writer.offer('rendering', '1 %')
  await place.answer()
  expect(place.begun).toEqual(['in the queue', '1 %'])
})

test('a failed write does not stop the next one', async () => {
  const { place, writer } = setUp()
  writer.offer('queued', 'in the queue')
  await place.fail()
  writer.offer('rendering', '0 %')
  expect(place.begun).toEqual(['in the queue', '0 %'])
})

test('a postponed write is made again after its time, if nothing newer came', async () => {
  const { clock, place, writer } = setUp()
  writer.offer('queued', 'in the queue')
  await place.postpone(10_000)
  await clock.advance(9999)
  expect(place.begun).toEqual(['in the queue'])
  await clock.advance(1)
  expect(place.begun).toEqual(['in the queue', 'in the queue'])
  await place.answer()
  await clock.advance(60_000)
  expect(place.begun).toHaveLength(2)
})

test('newer content takes the place of a postponed write, and waits as long, news or not', async () => {
  const { clock, place, writer } = setUp()
  writer.offer('queued', 'in the queue')
  await place.postpone(10_000)
  writer.offer('rendering', '0 %')
  await clock.advance(9999)
  expect(place.begun).toEqual(['in the queue'])
  await clock.advance(1)
  expect(place.begun).toEqual(['in the queue', '0 %'])
})

test('the last write does not wait for a postponed one', async () => {
  const { clock, place, writer } = setUp()
  writer.offer('queued', 'in the queue')
  await place.postpone(60_000)
  const finished = writer.finish(() => place.write('the clip'))
  await turn()
  expect(place.begun).toEqual(['in the queue', 'the clip'])
  await place.answer()
  await finished
  await clock.advance(60_000)
  expect(place.begun).toHaveLength(2)
  expect(clock.sleepers).toBe(0)
})

test('the last write waits for the one in flight, drops what waits, and closes', async () => {
  const { clock, place, writer } = setUp()
  writer.offer('rendering', '10 %')
  writer.offer('rendering', '20 %')
  const finished = writer.finish(() => place.write('the clip'))
  await turn()
  expect(place.begun).toEqual(['10 %'])
  await place.answer()
  expect(place.begun).toEqual(['10 %', 'the clip'])
  await place.answer()
  await finished
  writer.offer('rendering', 'late')
  await clock.advance(10_000)
  expect(place.begun).toEqual(['10 %', 'the clip'])
  expect(clock.sleepers).toBe(0)
})

test('the last write calls off what is in flight, so that nothing unsent keeps it waiting', async () => {
  const clock = createManualClock(0)
  const write = (_body: string, calledOff: AbortSignal) =>
    new Promise<undefined>((resolve) => calledOff.addEventListener('abort', () => resolve(undefined)))
  const writer = createCardWriter<string>({ clock, write })
  writer.offer('rendering', '10 %')
  expect(await writer.finish(() => Promise.resolve('the clip'))).toBe('the clip')
})

test('several last writes run one after the other, also after one that failed', async () => {
  const { place, writer } = setUp()
  const held = expect(writer.finish(() => place.write('held'))).rejects.toThrow('refused')
  const failed = writer.finish(() => place.write('failed'))
  const clip = writer.finish(() => place.write('the clip'))
  await turn()
  expect(place.begun).toEqual(['held'])
  await place.fail()
  await held
  expect(place.begun).toEqual(['held', 'failed'])
  await place.answer()
  await failed
  await place.answer()
  await clip
  expect(place.begun).toEqual(['held', 'failed', 'the clip'])
})

test('the last write can be made again after it failed', async () => {
  const { place, writer } = setUp()
  const first = expect(writer.finish(() => place.write('the clip'))).rejects.toThrow('refused')
  await turn()
  await place.fail()
  await first
  const second = writer.finish(() => place.write('the clip'))
  await turn()
  await place.answer()
  await second
  expect(place.begun).toEqual(['the clip', 'the clip'])
})

test('draining lets a new state out, drops mere progress and leaves no timer', async () => {
  const { clock, place, writer } = setUp()
  writer.offer('queued', 'in the queue')
  writer.offer('rendering', '0 %')
  let drained = false
  const drain = writer.drain().then(() => (drained = true))
  await place.answer()
  expect(place.begun).toEqual(['in the queue', '0 %'])
  writer.offer('rendering', '1 %')
  expect(drained).toBe(false)
  await place.answer()
  await drain
  expect(place.begun).toEqual(['in the queue', '0 %'])
  expect(clock.sleepers).toBe(0)
})
