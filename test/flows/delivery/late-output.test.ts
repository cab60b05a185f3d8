import { describe, expect, it } from 'vitest'

import { expectPaidOnce, film, minute, says } from '../../support/sandbox/clip-steps.ts'
import { countTries, type DeliveryTries, failedTries, passTime } from '../../support/sandbox/delivery-tries.ts'
import { endedCard, finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { readAttempts, readDayWallet, readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }
const hour = 60 * minute

async function setUp(): Promise<DeliveryTries> {
  const clock = createSkippableClock()
  return { clock, sandbox: await testSandbox({ environment, clock }) }
}

describe('a paid clip', () => {
  it.each(['link-expired', 'output-gone'] as const)('whose first download meets “%s” is asked for again, and posted', async (kind) => {
    const { sandbox } = await setUp()
    sandbox.providers.fal.faults.add({ kind })
    const interaction = await film(sandbox)
    await finishedCard(interaction)
    expect(sandbox.providers.fal.requests.count('result')).toBe(2)
    await expectPaidOnce(sandbox, interaction)
  })

  it.each(['empty', 'html', 'truncated'] as const)('whose first download is %s is downloaded again, and posted', async (kind) => {
    const { sandbox } = await setUp()
    sandbox.providers.fal.faults.add({ kind, route: 'output' })
    const interaction = await film(sandbox)
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
  })

  it('whose result fal does not know yet after COMPLETED is charged once and posted, with the cost that fal reports later', async () => {
    const { sandbox } = await setUp()
    sandbox.providers.fal.faults.add({ kind: 'output-gone', route: 'result', times: 3 })
    const interaction = await film(sandbox)
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
    expect(readAttempts(sandbox)).toMatchObject([{ state: 'completed', providerCost: 350_000 }])
  })

  it('that is missing for ten hours is posted in the eleventh', async () => {
    const stage = await setUp()
    const { sandbox, clock } = stage
    sandbox.providers.fal.faults.add({ kind: 'output-gone', times: Infinity })
    const interaction = await film(sandbox)
    await failedTries(stage, 1, 0)
    for (let hours = 0; hours < 10; hours += 1) await passTime(stage, hour)
    await interaction.reply(says(/Posting the clip.*isn't serving it yet.*gives up <t:\d+:R>/s))
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'delivering', ledger: 'reserve capture' })
    sandbox.providers.fal.faults.clear()
    clock.skip(hour)
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
  })

  it('that stays missing is refunded with its reason once the provider deletes it, also across a restart', async () => {
    const stage = await setUp()
    const { sandbox, clock } = stage
    sandbox.providers.fal.faults.add({ kind: 'output-gone', times: Infinity })
    const interaction = await film(sandbox)
    await failedTries(stage, 1, 0)
    for (let hours = 0; hours < 12; hours += 1) await passTime(stage, hour)
    await sandbox.stopBot()
    const tries = countTries(sandbox)
    await sandbox.startBot()
    await failedTries(stage, 1, tries)
    for (let hours = 12; hours < 23; hours += 1) await passTime(stage, hour)
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'delivering' })
    clock.skip(hour)
    await endedCard(interaction, /Failed.*couldn't download the clip from fal\.ai.*refunded \$0\.35/s)
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ endReason: 'output_gone', ledger: 'reserve capture refund' })
    expect(readDayWallet(sandbox, sandbox.discord.guild.id)).toEqual({ reserved: 0, spent: 0 })
  })

  it('that is downloaded twice and is no video is refunded', async () => {
    const { sandbox } = await setUp()
    sandbox.providers.fal.faults.add({ kind: 'html', route: 'output', times: Infinity })
    const interaction = await film(sandbox)
    await endedCard(interaction, /Failed.*broken video/s)
    await sandbox.stopBot()
    expect(sandbox.providers.fal.requests.count('output')).toBe(2)
    expect(readGeneration(sandbox, interaction)).toMatchObject({ endReason: 'output-unusable', ledger: 'reserve capture refund' })
  })

  it('that is missing does not delay a stop, and continues in the next process', async () => {
    const stage = await setUp()
    const { sandbox } = stage
    sandbox.providers.fal.faults.add({ kind: 'output-gone', times: Infinity })
    const interaction = await film(sandbox)
    await failedTries(stage, 1, 0)
    for (let hours = 0; hours < 2; hours += 1) await passTime(stage, hour)
    await sandbox.stopBot()
    sandbox.providers.fal.faults.clear()
    await sandbox.startBot()
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
  })
})
