import { expect, it } from 'vitest'

import { expectPaidOnce, film, quarterHour, renderingClip, says, until } from '../../support/sandbox/clip-steps.ts'
import { testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

it('a clip is linked on its card if the bot may attach no files after the token has expired', async () => {
  const sandbox = await testSandbox({ environment })
  const { discord, providers } = sandbox
  const { interaction, card } = await renderingClip(sandbox)
  discord.clock.advance(quarterHour + 1000)
  discord.guild.channel.setBotPermissions(['ViewChannel', 'SendMessages', 'ReadMessageHistory'])
  providers.fal.jobs.release('completion')
  const linked = await discord.guild.channel.message(says(/Your clip is ready.*didn't accept the upload/s))
  expect(linked).toMatchObject({ id: card.id, attachments: [] })
  await until(() => readGeneration(sandbox, interaction).state === 'done')
  await expectPaidOnce(sandbox, interaction)
  await sandbox.stopBot()
  expect(discord.responseProblems).toEqual([])
})

it('a failure after the token has expired is shown on the card, and one reply mentions the requester', async () => {
  const sandbox = await testSandbox({ environment })
  const { discord, providers } = sandbox
  providers.fal.jobs.hold('completion')
  const interaction = await film(sandbox, 'a boat sandbox:failed')
  const card = await interaction.reply(says(/Rendering/))
  discord.clock.advance(quarterHour + 1000)
  providers.fal.jobs.release('completion')
  const reply = await discord.guild.channel.message(says(/Your clip wasn't made/))
  expect(reply.notified).toEqual([discord.member.id])
  expect(reply.text).toContain(card.id)
  await sandbox.stopBot()
  const [edited, ...others] = discord.guild.channel.messages()
  expect([edited?.id, others.map(({ id }) => id)]).toEqual([card.id, [reply.id]])
  expect(edited?.text).toMatch(/Failed.*No charge\./s)
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'failed', ledger: 'reserve release' })
  expect(discord.responseProblems).toEqual([])
})
