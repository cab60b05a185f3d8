import { describe, expect, it } from 'vitest'

import { film } from '../../support/sandbox/clip-steps.ts'
import { testSandbox } from '../../support/sandbox/sandbox.ts'
import { countRows, readDayWallet } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

describe('a permission that the bot lacks in a channel', () => {
  it.each([
    ['View Channel', ['SendMessages', 'AttachFiles', 'ReadMessageHistory']],
    ['Send Messages', ['ViewChannel', 'AttachFiles', 'ReadMessageHistory']],
    ['Attach Files', ['ViewChannel', 'SendMessages', 'ReadMessageHistory']],
    ['Read Message History', ['ViewChannel', 'SendMessages', 'AttachFiles']],
  ] as const)('%s: the request is refused before any money is reserved', async (missing, permissions) => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.guild.channel.setBotPermissions(permissions)
    const interaction = await film(sandbox)
    const refusal = await interaction.reply()
    expect(refusal).toMatchObject({ ephemeral: true })
    expect(refusal.text).toContain(`**${missing}**`)
    expect(countRows(sandbox, 'generations')).toBe(0)
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 0 })
  })
})
