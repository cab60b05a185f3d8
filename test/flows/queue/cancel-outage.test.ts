import { expect, it } from 'vitest'

import { hasPostgres, temporaryPostgres } from '../../storage/stores.ts'
import { renderingClip, says } from '../../support/sandbox/clip-steps.ts'
import { testSandbox } from '../../support/sandbox/sandbox.ts'
import { lockStore } from '../../support/store/locked-store.ts'
import { openPostgresProxy } from '../../support/store/postgres-proxy.ts'

const unreachable = "The bot can't reach its database. Try again in a few minutes."

it.skipIf(!hasPostgres)('a button that is pressed while PostgreSQL is away says so, and works once it is back', async () => {
  const proxy = await openPostgresProxy(await temporaryPostgres())
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal', DATABASE_URL: proxy.url } })
  const { interaction } = await renderingClip(sandbox)
  const comeBack = proxy.refuse()
  const pressed = await sandbox.discord.member.press(await interaction.reply(), 'Cancel')
  expect(await pressed.followUp()).toMatchObject({ ephemeral: true, text: unreachable })
  expect(sandbox.logLines.join('')).toContain('store unavailable; the member was asked to try again')
  comeBack()
  await sandbox.discord.member.press(await interaction.reply(), 'Cancel')
  await interaction.reply(says(/Cancelled/))
})

it('a button that is pressed while the SQLite file is locked says so', async () => {
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
  const { interaction } = await renderingClip(sandbox)
  const unlock = lockStore(sandbox)
  const pressed = await sandbox.discord.member.press(await interaction.reply(), 'Cancel')
  expect(await pressed.followUp()).toMatchObject({ ephemeral: true, text: unreachable })
  unlock()
})
