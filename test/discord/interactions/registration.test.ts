import { describe, expect, test } from 'vitest'

import { readCommands } from '../../../commands/index.ts'
import type { RegisteredCommand } from '../../../src/discord/interactions/registration.ts'
import { findDrift } from '../../../src/discord/interactions/registration.ts'

const { commands } = await readCommands()
const expected = commands.map(({ data }) => data.toJSON())

/** As Discord returns them: with ids, versions and defaults, and the properties in another order. */
function asRegistered(change: (command: (typeof expected)[number]) => object = (command) => command): RegisteredCommand[] {
  return expected.map((command, index) => {
    const body = JSON.parse(JSON.stringify(change(command))) as Record<string, unknown> & { name: string }
    return {
      ...Object.fromEntries(Object.entries(body).reverse()),
      id: `60000000000000000${index}`,
      name: body.name,
      application_id: '100000000000000001',
      version: '700000000000000001',
      type: 1,
      nsfw: false,
      default_member_permissions: null,
      dm_permission: false,
      name_localizations: null,
      description_localizations: null,
    }
  })
}

describe('findDrift', () => {
  test('ignores what Discord adds', () => {
    expect(findDrift(expected, asRegistered())).toEqual([])
  })

  test('ignores the contexts of a guild’s own command', () => {
    const registered = asRegistered((command) => ({ ...command, contexts: null, integration_types: undefined }))
    expect(findDrift(expected, registered)).not.toEqual([])
    expect(
      findDrift(
        expected,
        registered.map((command) => ({ ...command, guild_id: '200000000000000001' })),
      ),
    ).toEqual([])
  })

  test('names missing and leftover commands', () => {
    const [animate] = asRegistered()
    expect(findDrift(expected, animate ? [animate, { id: '1', name: 'old' }] : [])).toEqual([
      'film: not registered',
      'old: registered, but not in this version',
    ])
  })

  test('names a changed description', () => {
    expect(
      findDrift(
        expected,
        asRegistered((command) => ({ ...command, description: 'Something else' })),
      ),
    ).toEqual(['animate: description differs', 'film: description differs'])
  })

  test('names commands whose options changed or moved', () => {
    const shorter = asRegistered((command) => ({ ...command, options: command.options?.map((option) => ({ ...option, max_length: 100 })) }))
    expect(findDrift(expected, shorter)).toEqual(['animate: options differs', 'film: options differs'])
    const reversed = asRegistered((command) => ({ ...command, options: command.options?.toReversed() }))
    expect(findDrift(expected, reversed)).toEqual(['animate: options differs', 'film: options differs'])
  })
})
