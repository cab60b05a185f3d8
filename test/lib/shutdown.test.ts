import { expect, test } from 'vitest'

import { createShutdown } from '../../src/lib/shutdown.ts'
import { createCapturedLog } from '../support/bot/captured-log.ts'

const reason = new Error('stopping')

test('parts close one after the other, newest first, and only once', async () => {
  const shutdown = createShutdown({ log: createCapturedLog().log })
  const steps: string[] = []
  const release = Promise.withResolvers<undefined>()
  shutdown.own('the store', () => steps.push('store'))
  shutdown.own('the work', async () => {
    steps.push('work')
    await release.promise
    steps.push('worked')
  })
  expect(shutdown.begun.aborted).toBe(false)
  const first = shutdown.run(reason)
  const second = shutdown.run(new Error('another reason'))
  expect(shutdown.begun.reason).toBe(reason)
  expect(steps).toEqual(['work'])
  let secondEnded = false
  void second.then(() => (secondEnded = true))
  await new Promise(setImmediate)
  expect(secondEnded).toBe(false)
  release.resolve(undefined)
  await Promise.all([first, second])
  expect(steps).toEqual(['work', 'worked', 'store'])
})

test.each<[string, () => unknown]>([
  ['throws', () => throwReason()],
  ['rejects', () => Promise.reject(new Error('closed badly at https://provider.example/secret?signature=abc'))],
  ['never ends', () => new Promise(() => undefined)],
])('a part that %s on closing does not keep others open, and is named in the log', async (_how, close) => {
  const { log, text, lines } = createCapturedLog()
  const shutdown = createShutdown({ log })
  const closed: string[] = []
  shutdown.own('the store', () => closed.push('store'))
  shutdown.own('the notifier', close, { withinMs: 10 })
  shutdown.own('the server', () => closed.push('server'))
  await shutdown.run(reason)
  expect(closed).toEqual(['server', 'store'])
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 40, part: 'the notifier' })
  expect(text()).not.toContain('signature')
})

function throwReason(): never {
  throw new Error('closed badly')
}

test.each(['during', 'after'] as const)(
  'a part that is added %s the shutdown is closed as well, and its owner stops there',
  async (when) => {
    const shutdown = createShutdown({ log: createCapturedLog().log })
    const release = Promise.withResolvers<undefined>()
    shutdown.own('the work', () => release.promise)
    const running = shutdown.run(reason)
    if (when === 'after') {
      release.resolve(undefined)
      await running
    }
    let closed = false
    expect(() => shutdown.own('the store', () => (closed = true))).toThrow(reason)
    release.resolve(undefined)
    await shutdown.run(new Error('the start failed'))
    expect(closed).toBe(true)
  },
)

test('an aborted signal begins the shutdown, and its reason stops what is being started', () => {
  const shutdown = createShutdown({ log: createCapturedLog().log, signal: AbortSignal.abort(reason) })
  expect(() => shutdown.own('the store', () => undefined)).toThrow(reason)
})

test('a failure during a shutdown is reported once, after everything is closed and before the shutdown resolves', async () => {
  const steps: string[] = []
  const shutdown = createShutdown({ log: createCapturedLog().log, onFatal: (sentence) => steps.push(sentence) })
  const release = Promise.withResolvers<undefined>()
  shutdown.own('the work', () => release.promise.then(() => steps.push('closed')))
  const running = shutdown.run(reason).then(() => steps.push('stopped'))
  shutdown.fail('the token was rejected')
  shutdown.fail('another reason')
  release.resolve(undefined)
  await running
  expect(steps).toEqual(['closed', 'the token was rejected', 'stopped'])
})
