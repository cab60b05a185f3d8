import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import type { FaultKind } from '../../../sandbox/providers/simulation/faults.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

/** What happens to the call, and whether the provider makes the job. */
const losses: { kind: FaultKind; what: string; made: boolean }[] = [
  { kind: 'reset', what: 'the connection breaks before the provider has read it', made: false },
  { kind: 'lost-answer', what: 'the provider accepts and the connection breaks', made: true },
  { kind: 'html', what: 'a page of HTML', made: true },
  { kind: 'empty', what: 'nothing', made: true },
  { kind: 'truncated', what: 'half an answer', made: true },
  { kind: 'malformed', what: 'broken JSON', made: true },
  { kind: 'unknown-shape', what: 'JSON of another shape', made: true },
]

/** A 5xx of fal is never billed, and so is no loss. */
const serverError: (typeof losses)[number] = { kind: 'down', what: 'a 5xx', made: false }

describe.each(['fal', 'replicate'] as const)('a create call to %s', (id) => {
  it.each([...losses, ...(id === 'fal' ? [] : [serverError])])('is held, and never repeated: $what', async ({ kind, made }) => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: id }, clock: createClock(10) })
    const provider = sandbox.providers[id]
    provider.faults.add({ kind, route: 'create' })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'an unmistakable walrus' })
    const card = await outcomeCard(interaction)
    expect(card.text).toContain('**On hold**')
    expect(card.text).toContain('$0.35 stays reserved')
    expect(card.text).not.toContain('walrus')
    const reason = await interaction.followUp()
    expect(reason.ephemeral).toBe(true)
    expect(reason.text).toContain("won't send it again")

    // A restarted bot makes the next clip, and only that one.
    await sandbox.stopBot()
    await sandbox.startBot()
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'the next one' }))
    if (made) await provider.jobs.reached('finished', provider.jobs.list()[0]?.id)
    await sandbox.stopBot()
    const creates = provider.requests.list('create')
    expect(creates).toHaveLength(2)
    expect(JSON.stringify(creates[1]?.body)).toContain('the next one')
    expect(interaction.currentReply()?.text).toContain('On hold')
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'held', attempts: 1, ledger: 'reserve hold' })
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, reserved: 350_000, invoiced: made ? 700_000 : 350_000 })
  })

  it('that was never sent costs nothing, and the next one succeeds', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: id }, clock: createClock(10) })
    const provider = sandbox.providers[id]
    await provider.refuseConnections()
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    expect((await outcomeCard(interaction)).text).toMatch(/\*\*Failed\*\*.*No charge\./s)
    await provider.acceptConnections()
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'the next one' }))
    await sandbox.stopBot()
    expect(provider.requests.count('create')).toBe(1)
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'failed', attempts: 1, ledger: 'reserve release' })
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, reserved: 0, invoiced: 350_000, equal: true })
  })
})
