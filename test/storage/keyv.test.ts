import { describe, expect, it } from 'vitest'

import { createGuildSettings } from '../../src/billing/guild-settings.ts'
import { createKeyv } from '../../src/storage/keyv.ts'
import { openStore, stores } from './stores.ts'

describe.each(stores)('Keyv over $name', (store) => {
  it('stores values, expires them and separates namespaces', async () => {
    const database = await openStore(store)
    const drafts = createKeyv(database, 'drafts')
    const words = createKeyv(database, 'words')
    await drafts.set('a', { text: 'one' })
    await words.set('a', 'two')
    expect(await drafts.get('a')).toEqual({ text: 'one' })
    expect(await drafts.get('b')).toBeUndefined()
    expect(await drafts.has('a')).toBe(true)
    await drafts.clear()
    expect(await drafts.get('a')).toBeUndefined()
    expect(await words.get('a')).toBe('two')
    expect(await words.delete('a')).toBe(true)
    expect(await words.delete('a')).toBe(false)
    await words.set('gone', 'x', 1)
    await expect.poll(() => words.get('gone')).toBeUndefined()
  })

  it('throws if the database fails, instead of returning nothing', async () => {
    const database = await openStore(store)
    const keyv = createKeyv(database, 'drafts')
    await database.statements.schema.dropTable('keyv').execute()
    await expect(keyv.get('a')).rejects.toThrow(/no such table|does not exist/)
  })
})

describe.each(stores)('guild settings on $name', (store) => {
  it('are empty until something is stored', async () => {
    const settings = createGuildSettings(createKeyv(await openStore(store), 'guild-settings'))
    expect(await settings.read('1')).toEqual({})
    await settings.write('1', { budgets: { day: 1000 }, providers: ['replicate'], timeZone: 'Europe/Berlin' })
    expect(await settings.read('1')).toEqual({ budgets: { day: 1000 }, providers: ['replicate'], timeZone: 'Europe/Berlin' })
    expect(await settings.read('2')).toEqual({})
  })

  it('refuse paid work if the database fails or a row does not parse', async () => {
    const database = await openStore(store)
    const keyv = createKeyv(database, 'guild-settings')
    const settings = createGuildSettings(keyv)
    await keyv.set('1', { budgets: { day: 'plenty' } })
    await expect(settings.read('1')).rejects.toMatchObject({ identifier: 'store-unavailable' })
    await database.statements.schema.dropTable('keyv').execute()
    await expect(settings.read('2')).rejects.toMatchObject({ identifier: 'store-unavailable' })
  })
})
