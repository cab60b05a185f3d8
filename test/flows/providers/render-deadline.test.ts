import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { film, minute, says } from '../../support/sandbox/clip-steps.ts'
import { endedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

describe('a render past its deadline', () => {
  it.each([
    ['fal', 'FAL'],
    ['replicate', 'REPLICATE'],
  ] as const)('is held at %s, and delivered once the provider completes it after all', async (id, capital) => {
    const clock = createSkippableClock()
    const sandbox = await testSandbox({
      environment: { PROVIDERS: id, [`${capital}_CREATES_PER_MINUTE`]: '1000', RENDER_DEADLINE_MINUTES: '5' },
      clock,
    })
    const { jobs } = sandbox.providers[id]
    jobs.hold('completion')
    const interaction = await film(sandbox)
    await interaction.reply(says(/Rendering/))
    clock.skip(6 * minute)
    await endedCard(interaction, /On hold.*taking longer than usual/s)
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'held', ledger: 'reserve hold' })
    jobs.release('completion')
    await jobs.reached('succeeded')
    clock.skip(6 * minute)
    await interaction.reply(({ attachments }) => attachments.length > 0)
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', attempts: 1, ledger: 'reserve hold capture' })
    expect(await reconcile(sandbox)).toMatchObject({ reserved: 0, equal: true })
  })

  it('is held, then released once the provider reports a failure', async () => {
    const clock = createSkippableClock()
    const sandbox = await testSandbox({ environment: { ...environment, RENDER_DEADLINE_MINUTES: '5' }, clock })
    const { jobs } = sandbox.providers.fal
    jobs.hold('completion')
    const interaction = await film(sandbox, 'a boat sandbox:failed')
    await interaction.reply(says(/Rendering/))
    clock.skip(6 * minute)
    await endedCard(interaction, /On hold/)
    jobs.release('completion')
    await jobs.reached('failed')
    clock.skip(6 * minute)
    await endedCard(interaction, /Failed/)
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'failed', ledger: 'reserve hold release' })
  })
})
