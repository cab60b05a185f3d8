import { expect, it } from 'vitest'

import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'
import { setStage } from '../../chaos/crash-steps/stage.ts'
import { film, minute, quarterHour, refuseEdits, says, until } from '../../support/sandbox/clip-steps.ts'
import { lockStore } from '../../support/store/locked-store.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { createSkippableClock, type SkippableClock } from '../../support/clocks/skippable-clock.ts'
import { readNotifiedAt } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }
const day = 24 * 60 * minute
const creates = { operation: 'create_message' }

interface Stage {
  clock: SkippableClock
  sandbox: TestSandbox
  interaction: Interaction
  card: ShownMessage
}

/** A request that is about to fail, whose card cannot be edited and whose token has expired: its outcome needs a new message. */
async function withoutCard(): Promise<Stage> {
  const clock = createSkippableClock()
  const sandbox = await testSandbox({ environment: { ...environment, STOP_GRACE_SECONDS: '0' }, clock })
  sandbox.providers.fal.jobs.hold('completion')
  const interaction = await film(sandbox, 'a boat sandbox:failed')
  const card = await interaction.reply(says(/Rendering/))
  sandbox.discord.clock.advance(quarterHour + 1000)
  clock.skip(quarterHour + 1000)
  refuseEdits(sandbox, card)
  return { clock, sandbox, interaction, card }
}

/** The calls that announced the outcome, by their status. */
function announcements({ discord }: TestSandbox): number[] {
  return discord.requests.filter(({ operation }) => operation === creates.operation).map(({ status }) => status)
}

/** Lets two hours pass in steps, in which every outcome that is not told is sent again. */
async function passTwoHours({ clock, sandbox }: Stage): Promise<void> {
  for (let minutes = 0; minutes < 120; minutes += 10) {
    clock.skip(10 * minute)
    sandbox.discord.clock.advance(10 * minute)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

async function expectToldOnce(stage: Stage): Promise<void> {
  const { sandbox, interaction } = stage
  await until(() => readNotifiedAt(sandbox, interaction) !== undefined)
  await passTwoHours(stage)
  await sandbox.stopBot()
  const messages = sandbox.discord.guild.channel.messages().filter(({ id }) => id !== stage.card.id)
  expect(messages.map(({ text, notified }) => [/\*\*Failed\*\*/.test(text), notified])).toEqual([[true, [sandbox.discord.member.id]]])
  expect(sandbox.discord.responseProblems).toEqual([])
}

it('an outcome whose new message Discord answers with 503 three times is told later, once', async () => {
  const stage = await withoutCard()
  const { clock, sandbox, interaction } = stage
  sandbox.discord.faults.failNext(creates, { status: 503, body: {} }, { times: 3 })
  sandbox.providers.fal.jobs.release('completion')
  await until(() => announcements(sandbox).length === 3)
  await until(() => sandbox.logLines.some((line) => line.includes('trying again later')))
  expect(readNotifiedAt(sandbox, interaction)).toBeUndefined()
  clock.skip(2 * minute)
  await sandbox.discord.guild.channel.message(says(/Failed.*No charge\./s))
  await expectToldOnce(stage)
  expect(announcements(sandbox)).toEqual([503, 503, 503, 200])
})

it('an outcome that Discord does not take before the bot is stopped is told two days later', async () => {
  const stage = await withoutCard()
  const { clock, sandbox } = stage
  sandbox.discord.faults.failNext(creates, { status: 503, body: {} }, { times: Infinity })
  sandbox.providers.fal.jobs.release('completion')
  await until(() => sandbox.logLines.some((line) => line.includes('trying again later')))
  await sandbox.stopBot()
  clock.skip(2 * day)
  sandbox.discord.clock.advance(2 * day)
  sandbox.discord.faults.clear()
  refuseEdits(sandbox, stage.card)
  await sandbox.startBot()
  await sandbox.discord.guild.channel.message(says(/Failed.*No charge\./s))
  await expectToldOnce(stage)
})

it.each([
  ['while Discord knows its nonce', 0],
  ['long after Discord has forgotten its nonce', 30 * minute],
])('an outcome that Discord accepted just before a crash is not told twice, %s', async (_, downtimeMs) => {
  const stage = await withoutCard()
  const { clock, sandbox, interaction } = stage
  // Discord takes the message, but its answer never arrives.
  sandbox.discord.faults.failNext(creates, 'reset', { moment: 'after', times: Infinity })
  sandbox.providers.fal.jobs.release('completion')
  await sandbox.discord.guild.channel.message(says(/Failed/))
  await sandbox.stopBot()
  expect(readNotifiedAt(sandbox, interaction)).toBeUndefined()
  sandbox.discord.faults.clear()
  refuseEdits(sandbox, stage.card)
  clock.skip(downtimeMs)
  sandbox.discord.clock.advance(downtimeMs)
  await sandbox.startBot()
  for (let minutes = 0; minutes < 3; minutes += 1) {
    clock.skip(minute)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  await expectToldOnce(stage)
})

it.each([2 * minute, 20 * minute])(
  'an outcome that Discord accepted just before the bot was killed is not told twice %i ms later',
  async (laterMs) => {
    const stage = await setStage()
    const { discord, providers } = stage.sandbox
    const bot = await stage.start()
    providers.fal.jobs.hold('completion')
    const interaction = await stage.film({ prompt: 'a boat sandbox:failed' })
    const card = await interaction.reply(says(/Rendering/))
    discord.clock.advance(quarterHour + 1000)
    refuseEdits(stage.sandbox, card)
    const message = discord.faults.hold(creates)
    providers.fal.jobs.release('completion')
    await message.arrived
    const unlock = lockStore(stage.sandbox)
    message.release()
    await discord.guild.channel.message(says(/Failed/))
    await bot.kill()
    unlock()
    expect(readNotifiedAt(stage.sandbox, interaction)).toBeUndefined()
    await stage.restart(laterMs)
    await until(() => readNotifiedAt(stage.sandbox, interaction) !== undefined)
    await stage.stop()
    const [, ...told] = discord.guild.channel.messages()
    expect(told.map(({ notified }) => notified)).toEqual([[discord.member.id]])
  },
)
