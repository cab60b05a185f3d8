import { describe, expect, it } from 'vitest'

import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { film } from '../../support/sandbox/clip-steps.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { countRows } from '../../support/store/store-reader.ts'

const environment = { GUILD_BUDGET_DAY_USD: '0.34' }
const unavailable = { status: 503, body: {} }
const reason = /This server's daily budget has \$0\.34 left/

const writes = { operation: 'update_original_webhook_message' }
const followUps = { operation: 'execute_webhook' }
const deletions = { operation: 'delete_original_webhook_message' }

const refuse = ({ discord }: TestSandbox) => discord.member.run('film', { prompt: 'a boat' })

async function expectReadPrivately(interaction: Interaction): Promise<void> {
  const { ephemeral, text } = await interaction.followUp()
  expect({ ephemeral, text }).toEqual({ ephemeral: true, text: expect.stringMatching(reason) as string })
}

describe('a refusal after the acknowledgement, while Discord has a fault', () => {
  it.each([
    ['the placeholder', writes],
    ['the private message', followUps],
    ['the deletion of the placeholder', deletions],
  ])('that rejects %s once: the member reads it privately, and nothing is left', async (_, pattern) => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.failNext(pattern, unavailable)
    const interaction = await refuse(sandbox)
    await expectReadPrivately(interaction)
    await interaction.replyDeleted()
    expect(interaction.followUps()).toHaveLength(1)
    expect(sandbox.discord.responseProblems).toEqual([])
  })

  it('that is slow: the member reads it once, privately', async () => {
    const sandbox = await testSandbox({ environment })
    // Longer than an acknowledgement may take.
    sandbox.discord.faults.delayNext(followUps, 3000)
    const interaction = await refuse(sandbox)
    await expectReadPrivately(interaction)
    await interaction.replyDeleted()
    expect(interaction.followUps()).toHaveLength(1)
  })

  it('that loses the answer to the private message: it is read privately', async () => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.failNext(followUps, 'reset', { moment: 'after' })
    const interaction = await refuse(sandbox)
    await expectReadPrivately(interaction)
    await interaction.replyDeleted()
    expect(interaction.followUps().every(({ ephemeral }) => ephemeral)).toBe(true)
  })

  it('that takes no private message: it is read in place of the placeholder', async () => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.failNext(followUps, unavailable, { times: Infinity })
    const interaction = await refuse(sandbox)
    await interaction.reply(({ text }) => reason.test(text))
    expect(interaction.followUps()).toEqual([])
  })

  it('that does not write the placeholder: it is read in its place, which is not deleted', async () => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.failNext(writes, unavailable, { times: Infinity })
    const interaction = await refuse(sandbox)
    await interaction.reply(({ text }) => reason.test(text))
    await sandbox.stopBot()
    expect(interaction.currentReply()?.text).toMatch(reason)
  })

  it('that does not delete the placeholder: it is read privately, and the placeholder says so', async () => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.failNext(deletions, unavailable, { times: Infinity })
    const interaction = await refuse(sandbox)
    await expectReadPrivately(interaction)
    await sandbox.stopBot()
    expect(interaction.currentReply()?.text).toMatch(/didn't accept this request/)
  })

  it('is shortened by a stop of the bot: the member has something to read', async () => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.failNext(followUps, unavailable, { times: Infinity })
    const interaction = await refuse(sandbox)
    await sandbox.discord.request(followUps)
    await sandbox.stopBot()
    expect(interaction.currentReply()?.text).toMatch(reason)
  })
})

it('a request too many in a minute is refused in the first response and stores nothing', async () => {
  const sandbox = await testSandbox({ environment: { MEMBER_REQUESTS_PER_MINUTE: '1' } })
  const first = await sandbox.discord.member.run('film', { prompt: 'a boat' })
  await first.reply(({ text }) => text !== '')
  const second = await sandbox.discord.member.run('film', { prompt: 'another boat' })
  expect(await second.reply()).toMatchObject({
    ephemeral: true,
    text: expect.stringContaining("You've used your 1 request this minute") as string,
  })
  const { length } = sandbox.discord.requests.filter(({ operation }) => operation === 'create_interaction_response')
  expect(length).toBe(2)
  await sandbox.stopBot()
  expect(countRows(sandbox, 'generations')).toBe(1)
})

it('a request whose image is refused does not count, and the time at which the next one is accepted is true', async () => {
  const clock = createSkippableClock()
  const sandbox = await testSandbox({ clock, environment: { MEMBER_REQUESTS_PER_MINUTE: '1' } })
  const image = { name: 'picture.png', bytes: Buffer.from('<html>no image at all</html>') }
  const refused = await sandbox.discord.member.run('animate', { image, prompt: 'it moves' })
  expect((await refused.followUp()).text).toMatch(/isn't a PNG or JPEG/)
  const accepted = await film(sandbox)
  expect(await accepted.acknowledged()).toBe(5)
  const early = await film(sandbox)
  const [, moment = ''] = /try again <t:(\d+):R>/.exec((await early.reply()).text) ?? []
  clock.skip(Number(moment) * 1000 - clock.now())
  const later = await film(sandbox)
  expect(await later.acknowledged()).toBe(5)
})
