import { describe, expect, it } from 'vitest'

import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { expectPaidOnce, film, quarterHour, refuseEdits, renderingClip, says, until } from '../../support/sandbox/clip-steps.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

type Recorded = TestSandbox['discord']['requests'][number]
const isEdit = ({ method, path }: Recorded) => method === 'PATCH' && path.includes('/messages/')
const uploads = { when: (request: Recorded) => isEdit(request) && request.files.length > 0 }
const creates = { operation: 'create_message' }

describe('a clip whose card cannot be edited and whose token has expired', () => {
  async function expiredAndUneditable(sandbox: TestSandbox): Promise<{ interaction: Interaction; card: ShownMessage }> {
    const { interaction, card } = await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour + 1000)
    refuseEdits(sandbox, card)
    return { interaction, card }
  }

  it('gets a new message before its upload, which a restarted bot reuses', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, STOP_GRACE_SECONDS: '0' } })
    const { interaction, card } = await expiredAndUneditable(sandbox)
    const upload = sandbox.discord.faults.hold({
      when: (request) => uploads.when(request) && request.authorization === 'bot' && !request.path.endsWith(card.id),
    })
    sandbox.providers.fal.jobs.release('completion')
    const small = await sandbox.discord.guild.channel.message(says(/is posting it here/))
    expect(small).toMatchObject({ attachments: [], notified: [sandbox.discord.member.id] })
    await upload.arrived
    await sandbox.stopBot()
    sandbox.discord.faults.clear()
    await sandbox.startBot()
    const posted = await sandbox.discord.guild.channel.message(({ attachments }) => attachments.length > 0)
    expect(posted.id).toBe(small.id)
    // Without a grace period, a stop would not wait for Discord's answer.
    await until(() => readGeneration(sandbox, interaction).state === 'done')
    await expectPaidOnce(sandbox, interaction)
    expect(sandbox.discord.guild.channel.messages().map(({ id }) => id)).toEqual([card.id, small.id])
    expect(sandbox.discord.requests.filter(({ operation }) => operation === 'create_message')).toHaveLength(1)
  })

  it('gets only one new message, even if the answer to its creation was lost', async () => {
    const sandbox = await testSandbox({ environment, clock: createClock(10) })
    const { interaction } = await expiredAndUneditable(sandbox)
    sandbox.discord.faults.failNext(creates, 'reset', { moment: 'after' })
    sandbox.providers.fal.jobs.release('completion')
    await sandbox.discord.guild.channel.message(({ attachments }) => attachments.length > 0)
    await expectPaidOnce(sandbox, interaction)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(2)
  })
})

it('a clip whose card is too old for another edit is posted in a new message', async () => {
  const sandbox = await testSandbox({ environment })
  const { discord, providers } = sandbox
  const { interaction, card } = await renderingClip(sandbox)
  discord.clock.advance(4 * quarterHour + 1000)
  const refused = { when: (request: Recorded) => isEdit(request) && request.authorization === 'bot' && request.path.endsWith(card.id) }
  discord.faults.refuseOldEditsNext(refused, Infinity)
  providers.fal.jobs.release('completion')
  const posted = await discord.guild.channel.message(({ attachments }) => attachments.length > 0)
  expect(posted).toMatchObject({ notified: [discord.member.id] })
  await expectPaidOnce(sandbox, interaction)
  expect(posted.id).not.toBe(card.id)
  const refusals = discord.requests.filter(refused.when)
  expect(refusals.filter(uploads.when)).toHaveLength(1)
  expect(refusals.length).toBeLessThan(5)
})

it('a failure whose card cannot be edited and whose token has expired is posted as a new message', async () => {
  const sandbox = await testSandbox({ environment })
  const { discord, providers } = sandbox
  providers.fal.jobs.hold('completion')
  const interaction = await film(sandbox, 'a boat sandbox:failed')
  const card = await interaction.reply(says(/Rendering/))
  discord.clock.advance(quarterHour + 1000)
  refuseEdits(sandbox, card)
  providers.fal.jobs.release('completion')
  const message = await discord.guild.channel.message(says(/Failed.*No charge\./s))
  expect(message.notified).toEqual([discord.member.id])
  await sandbox.stopBot()
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'failed', ledger: 'reserve release' })
  expect(discord.guild.channel.messages().map(({ id }) => id)).toEqual([card.id, message.id])
  expect(discord.responseProblems).toEqual([])
})
