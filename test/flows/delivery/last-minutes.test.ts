import { describe, expect, it } from 'vitest'

import type { RecordedRequest, RequestPattern } from '../../../sandbox/discord/http/record.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { expectPaidOnce, film, minute, says, until } from '../../support/sandbox/clip-steps.ts'
import { countTries, type DeliveryTries, failedTries, passTime } from '../../support/sandbox/delivery-tries.ts'
import { endedCard, finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

// Replicate keeps a clip for an hour, of which the link has the last six minutes.
const environment = { PROVIDERS: 'replicate', REPLICATE_CREATES_PER_MINUTE: '1000' }
const unavailable = { status: 503, body: {} }
const always = { times: Infinity }
const reads: RequestPattern = { method: 'GET', path: /messages/ }
const uploads: RequestPattern = { when: ({ files }) => files.length > 0 }
const isLink = ({ body }: RecordedRequest) => JSON.stringify(body ?? '').includes('Open the clip')

async function setUp(): Promise<DeliveryTries> {
  const clock = createSkippableClock()
  return { clock, sandbox: await testSandbox({ environment, clock }) }
}

/** Discord shows the clip, but the bot never hears so and cannot read the message. */
async function postedUnknown(stage: DeliveryTries): Promise<Interaction> {
  const { faults } = stage.sandbox.discord
  faults.failNext(uploads, 'reset', { ...always, moment: 'after' })
  faults.failNext(reads, unavailable, always)
  const interaction = await film(stage.sandbox)
  await finishedCard(interaction)
  await failedTries(stage, 1, 0)
  return interaction
}

/** The last minutes begin, with two more tries in them. */
async function reachLastMinutes(stage: DeliveryTries): Promise<void> {
  await passTime(stage, 50 * minute)
  await passTime(stage, 4 * minute)
  await passTime(stage, minute / 2)
  await passTime(stage, minute / 2)
}

async function expectKept({ sandbox }: DeliveryTries, interaction: Interaction): Promise<void> {
  await until(() => readGeneration(sandbox, interaction).state !== 'delivering')
  await expectPaidOnce(sandbox, interaction)
  expect(sandbox.discord.requests.filter(isLink)).toEqual([])
}

describe('in the last minutes of a clip at its provider', () => {
  it('a clip that is posted, although Discord does not say so, is neither overwritten by its link nor refunded', async () => {
    const stage = await setUp()
    const interaction = await postedUnknown(stage)
    await reachLastMinutes(stage)
    stage.sandbox.discord.faults.clear()
    stage.clock.skip(minute)
    await expectKept(stage, interaction)
  })

  it('a link that Discord does not take is tried again, and posted', async () => {
    const stage = await setUp()
    const { clock, sandbox } = stage
    const { faults } = sandbox.discord
    faults.failNext(uploads, unavailable, always)
    faults.failNext({ when: isLink }, unavailable, always)
    const interaction = await film(sandbox)
    await failedTries(stage, 1, 0)
    await reachLastMinutes(stage)
    faults.clear()
    faults.failNext(uploads, unavailable, always)
    clock.skip(minute)
    await interaction.reply(says(/Your clip is ready.*Discord didn't accept the upload/s))
    await expectPaidOnce(sandbox, interaction)
  })

  it('a clip that was missing until then is posted', async () => {
    const stage = await setUp()
    const { clock, sandbox } = stage
    sandbox.providers.replicate.faults.add({ kind: 'output-gone', times: Infinity })
    const interaction = await film(sandbox)
    await failedTries(stage, 1, 0)
    await reachLastMinutes(stage)
    sandbox.providers.replicate.faults.clear()
    clock.skip(minute)
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
  })
})

describe('a bot that starts when its provider may have deleted the clip', () => {
  it('does not refund one that is posted because Discord cannot say so yet', async () => {
    const stage = await setUp()
    const { clock, sandbox } = stage
    const interaction = await postedUnknown(stage)
    await sandbox.stopBot()
    clock.skip(120 * minute)
    const tries = countTries(sandbox)
    await sandbox.startBot()
    await failedTries(stage, 2, tries)
    sandbox.discord.faults.clear()
    await expectKept(stage, interaction)
  })

  it('refunds one that is missing after ten minutes', async () => {
    const stage = await setUp()
    const { clock, sandbox } = stage
    sandbox.providers.replicate.faults.add({ kind: 'output-gone', times: Infinity })
    const interaction = await film(sandbox)
    await failedTries(stage, 1, 0)
    await sandbox.stopBot()
    clock.skip(120 * minute)
    const tries = countTries(sandbox)
    await sandbox.startBot()
    await failedTries(stage, 2, tries)
    clock.skip(10 * minute)
    await endedCard(interaction, /Failed.*couldn't download the clip/s)
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ endReason: 'output_gone', ledger: 'reserve capture refund' })
  })
})
