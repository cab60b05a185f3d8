import { expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { startBot } from '../../../src/main.ts'
import { botSettingsFor } from '../../support/bot/bot-settings.ts'
import { openSlowImage } from '../../support/media/slow-image.ts'
import { testImage } from '../../support/media/test-image.ts'
import { film } from '../../support/sandbox/clip-steps.ts'
import { testSandbox } from '../../support/sandbox/sandbox.ts'
import { countRows } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CONCURRENCY: '1', MEMBER_REQUESTS_PER_MINUTE: '100' }

it('more images at once than fit in memory: the rest is refused privately and books nothing, and a stop answers all', async () => {
  const sandbox = await testSandbox({ environment })
  await sandbox.stopBot()
  const bytes = await testImage()
  const slowImage = await openSlowImage(bytes)
  const { origins, ...settings } = botSettingsFor(sandbox, { environment: { ...environment, STOP_GRACE_SECONDS: '0' } })
  const bot = await startBot({ ...settings, origins: { ...origins, discordMedia: [slowImage.origin] } })
  const image = { name: 'picture.png', bytes, claims: { width: 640, height: 360, size: 10_000_000, url: slowImage.url } }
  const animate = () => sandbox.discord.member.run('animate', { image, prompt: 'it moves' })

  // 256 MB hold 25 images of 10 MB.
  const admitted = await Promise.all(Array.from({ length: 25 }, animate))
  await slowImage.asked
  const refused = await Promise.all([animate(), animate()])
  for (const interaction of refused) {
    const reply = await interaction.reply()
    expect(reply).toMatchObject({ ephemeral: true, text: expect.stringContaining('busy with other requests') as string })
  }
  // What needs no memory is still accepted.
  const accepted = await film(sandbox)
  await accepted.reply((message) => message.buttons.length > 0)
  expect(countRows(sandbox, 'generations')).toBe(1)

  await bot.stop()
  for (const interaction of admitted)
    expect(await interaction.followUp()).toMatchObject({ ephemeral: true, text: expect.stringContaining('restarting') as string })
  expect(countRows(sandbox, 'generations')).toBe(1)
  expect(await reconcile(sandbox)).toMatchObject({ reserved: 350_000 })
})
