import { describe, expect, it } from 'vitest'

import { budgetsOf, createGuildSettings, type GuildSettings } from '../../src/billing/guild-settings.ts'
import { createKeyv } from '../../src/storage/keyv.ts'
import { temporaryDatabase } from '../support/store/database.ts'

const guildId = '200000000000000001'

async function temporarySettings() {
  const database = await temporaryDatabase()
  const keyv = createKeyv(database, 'guild-settings')
  return { keyv, database, settings: createGuildSettings(keyv) }
}

describe('the settings of a guild', () => {
  it('are empty until something is stored', async () => {
    const { settings } = await temporarySettings()
    expect(await settings.read(guildId)).toEqual({})
  })

  it('are read as they were written, for that guild alone', async () => {
    const { settings } = await temporarySettings()
    const stored: GuildSettings = { budgets: { day: 0, month: 5_000_000 }, providers: ['replicate', 'fal'], timeZone: 'Europe/Berlin' }
    await settings.write(guildId, stored)
    expect(await settings.read(guildId)).toEqual(stored)
    expect(await settings.read('200000000000000002')).toEqual({})
  })

  it.each([
    ['a negative budget', { budgets: { day: -1 } }],
    ['a fraction of a micro-dollar', { budgets: { month: 0.5 } }],
    ['an empty list of providers', { providers: [] }],
    ['a provider that is no name', { providers: [1] }],
    ['an unknown time zone', { timeZone: 'Mars/Olympus' }],
    ['an unknown setting', { colour: 'red' }],
    ['an unknown budget', { budgets: { year: 1 } }],
  ])('%s is refused, also when it is in the store already', async (_, invalid) => {
    const { keyv, settings } = await temporarySettings()
    await expect(settings.write(guildId, invalid as unknown as GuildSettings)).rejects.toThrow()
    expect(await settings.read(guildId)).toEqual({})
    await keyv.set(guildId, invalid)
    await expect(settings.read(guildId)).rejects.toMatchObject({ name: 'Refusal', identifier: 'store-unavailable' })
  })

  it('may name UTC as the time zone', async () => {
    const { settings } = await temporarySettings()
    await settings.write(guildId, { timeZone: 'UTC' })
    expect(await settings.read(guildId)).toEqual({ timeZone: 'UTC' })
  })

  it('are not taken for empty when the store fails', async () => {
    const { database, settings } = await temporarySettings()
    await database.close()
    await expect(settings.read(guildId)).rejects.toMatchObject({ name: 'Refusal', identifier: 'store-unavailable' })
  })
})

it('a budget that the guild leaves out is the operator’s', () => {
  const defaults = { day: 1, month: 2 }
  expect(budgetsOf({}, defaults)).toEqual(defaults)
  expect(budgetsOf({ budgets: { day: 0 } }, defaults)).toEqual({ day: 0, month: 2 })
  expect(budgetsOf({ budgets: { month: 9 } }, defaults)).toEqual({ day: 1, month: 9 })
})
