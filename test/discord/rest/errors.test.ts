import { DiscordAPIError } from 'discord.js'
import { expect, test } from 'vitest'

import { describeError } from '../../../src/discord/rest/errors.ts'
import { interactionToken } from '../support/example-generation.ts'

function apiError(rawError: ConstructorParameters<typeof DiscordAPIError>[0], status: number): DiscordAPIError {
  const url = `https://discord.com/api/v10/webhooks/1/${interactionToken}/messages/@original`
  const file = { name: 'rushes.mp4', data: Buffer.from('the bytes of a clip') }
  return new DiscordAPIError(rawError, 'code' in rawError ? rawError.code : rawError.error, status, 'PATCH', url, {
    files: [file],
    body: { content: 'a secret prompt' },
  })
}

test('describes a Discord error by its codes alone', () => {
  expect(describeError(apiError({ code: 10008, message: 'Unknown Message' }, 404))).toEqual({
    name: 'DiscordAPIError',
    code: 10008,
    status: 404,
    method: 'PATCH',
  })
})

test('describes an invalid body by its field paths, not its values', () => {
  const errors = { components: { 0: { content: { _errors: [{ code: 'BASE_TYPE_MAX_LENGTH', message: 'a secret prompt is too long' }] } } } }
  const description = describeError(apiError({ code: 50035, message: 'Invalid Form Body', errors }, 400))
  expect(description).toMatchObject({ code: 50035, fields: ['components.0.content'] })
  expect(JSON.stringify(description)).not.toContain('secret')
})

test('describes an internal error by its stack, not its message', () => {
  const description = describeError(
    new TypeError(`cannot read\n    at a secret prompt\nof ${interactionToken}`, { cause: new RangeError('secret') }),
  )
  expect(description).toMatchObject({ name: 'TypeError', cause: { name: 'RangeError' } })
  expect(description).toHaveProperty(['at', 0], expect.stringContaining('errors.test.ts'))
  expect(JSON.stringify(description)).not.toMatch(new RegExp(`secret|${interactionToken}`))
})

test('describes a thrown value by its type', () => {
  expect(describeError('a secret prompt')).toEqual({ name: 'string' })
})
