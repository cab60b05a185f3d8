import { expect, it } from 'vitest'

import { createLog } from '../../src/lib/log.ts'

function write(fields: object): unknown {
  const lines: string[] = []
  createLog({ level: 'info', destination: { write: (line) => lines.push(line) } }).info(fields, 'a line')
  return JSON.parse(lines.join('')) as unknown
}

const names = ['token', 'interactionToken', 'apiKey', 'authorization', 'url', 'outputUrl', 'prompt', 'request', 'bytes', 'webhookToken']

it.each(names)('%s is hidden in a line, in its fields and in theirs, also in lists', (name) => {
  const hidden = { [name]: '[hidden]' }
  const secret = { [name]: 'a secret' }
  expect(write({ ...secret, call: { ...secret, reply: secret }, calls: [{ status: 200, ...secret }] })).toMatchObject({
    ...hidden,
    ...{ call: { ...hidden, reply: hidden }, calls: [{ status: 200, ...hidden }] },
  })
})

it('everything else is written as it is', () => {
  const fields = { provider: 'fal', job: undefined, waited: 0, isLate: false, none: null, list: ['one', { two: 2 }] }
  expect(write(fields)).toEqual({ level: 30, time: expect.any(Number) as number, msg: 'a line', ...JSON.parse(JSON.stringify(fields)) })
})

it('an error tells its name, message, stack and cause without URLs and other properties', () => {
  const cause = new TypeError('at https://host.example/?signature=abc')
  const error = Object.assign(new Error('refused by http://host.example', { cause }), { body: 'a secret' })
  const line = write({ error })
  expect(line).toMatchObject({
    error: { name: 'Error', message: 'refused by [url hidden]', cause: { name: 'TypeError', message: 'at [url hidden]' } },
  })
  expect(JSON.stringify(line)).not.toMatch(/secret|signature/)
})
