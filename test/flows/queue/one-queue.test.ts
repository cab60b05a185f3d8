import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { film, says } from '../../support/sandbox/clip-steps.ts'
import { finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'

describe('12 requests at once over five idle providers', () => {
  it('go to at least four of them before any clip is done, and all end', async () => {
    const sandbox = await testSandbox({ environment: { BUDGET_DAY_USD: '100', GUILD_BUDGET_DAY_USD: '100' } })
    for (const { jobs } of sandbox.providers.all) jobs.hold('completion')
    const interactions = await Promise.all(Array.from({ length: 12 }, (_, index) => film(sandbox, `boat ${index}`)))
    await Promise.all(interactions.map((interaction) => interaction.reply(says(/Rendering/))))
    const busy = sandbox.providers.all.filter(({ requests }) => requests.count('create') > 0)
    expect(busy.length).toBeGreaterThanOrEqual(4)
    for (const { jobs } of sandbox.providers.all) jobs.release('completion')
    await Promise.all(interactions.map(finishedCard))
    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ spent: 12 * 350_000, invoiced: 12 * 350_000, reserved: 0, equal: true })
  })
})
