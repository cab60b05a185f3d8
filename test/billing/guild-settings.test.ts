import { describe, expect, it } from 'vitest'

import { budgetsOf, createGuildSettings, type GuildSettings } from '../../src/billing/guild-settings.ts'
import { createKeyv } from '../../src/storage/keyv.ts'
import { createManualClock } from '../support/clocks/manual-clock.ts'
import { temporaryDatabase } from '../support/store/database.ts'

const guildId = '200000000000000001'

async function temporarySettings() {
  const database = await temporaryDatabase()
  const keyv = createKeyv(database, 'guild-settings')
  const clock = createManualClock(0)
  return { keyv, database, clock, settings: createGuildSettings(keyv, clock) }
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
    const { keyv, clock, settings } = await temporarySettings()
    await expect(settings.write(guildId, invalid as unknown as GuildSettings)).rejects.toThrow()
    expect(await settings.read(guildId)).toEqual({})
    await keyv.set(guildId, invalid)
    await clock.advance(5000)
    await expect(settings.read(guildId)).rejects.toMatchObject({ name: 'Refusal', identifier: 'store-unavailable' })
  })

  it('are kept for five seconds, after which a change by another process counts', async () => {
    const { keyv, clock, settings } = await temporarySettings()
    await settings.write(guildId, { budgets: { day: 1 } })
    expect(await settings.read(guildId)).toEqual({ budgets: { day: 1 } })
    await createGuildSettings(keyv).write(guildId, { budgets: { day: 2 } })
    await clock.advance(4999)
    expect(await settings.read(guildId)).toEqual({ budgets: { day: 1 } })
    await clock.advance(1)
    expect(await settings.read(guildId)).toEqual({ budgets: { day: 2 } })
  })

  it('count at once where they were written, also for a read that began before', async () => {
    const { settings } = await temporarySettings()
    const before = settings.read(guildId)
    await settings.write(guildId, { budgets: { day: 1 } })
    expect(await before).toEqual({})
    expect(await settings.read(guildId)).toEqual({ budgets: { day: 1 } })
  })

  it('that could not be read are read again', async () => {
    const { keyv, settings } = await temporarySettings()
    await keyv.set(guildId, { budgets: { day: -1 } })
    await expect(settings.read(guildId)).rejects.toMatchObject({ identifier: 'store-unavailable' })
    await keyv.set(guildId, { budgets: { day: 1 } })
    expect(await settings.read(guildId)).toEqual({ budgets: { day: 1 } })
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
