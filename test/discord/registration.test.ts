import { describe, expect, test } from 'vitest'

import { commands } from '../../commands/index.ts'
import type { RegisteredCommand } from '../../src/discord/interactions/registration.ts'
import { findDrift } from '../../src/discord/interactions/registration.ts'

const expected = commands.map(({ data }) => data.toJSON())

/** As Discord returns it: ids, versions and every default written out, members in another order. */
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
  test('sees no difference in what Discord adds by itself', () => {
    expect(findDrift(expected, asRegistered())).toEqual([])
  })

  test('does not compare where a guild’s own command appears', () => {
    const registered = asRegistered((command) => ({ ...command, contexts: null, integration_types: undefined }))
    expect(findDrift(expected, registered)).not.toEqual([])
    expect(
      findDrift(
        expected,
        registered.map((command) => ({ ...command, guild_id: '200000000000000001' })),
      ),
    ).toEqual([])
  })

  test('names what is missing and what is left over', () => {
    const [animate] = asRegistered()
    expect(findDrift(expected, animate ? [animate, { id: '1', name: 'old' }] : [])).toEqual([
      'film: not registered',
      'old: registered, but not known here',
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

  test('names an option that lost its limit or its place', () => {
    const shorter = asRegistered((command) => ({ ...command, options: command.options?.map((option) => ({ ...option, max_length: 100 })) }))
    expect(findDrift(expected, shorter)).toEqual(['animate: options differs', 'film: options differs'])
    const reversed = asRegistered((command) => ({ ...command, options: command.options?.toReversed() }))
    expect(findDrift(expected, reversed)).toEqual(['animate: options differs', 'film: options differs'])
  })
})
