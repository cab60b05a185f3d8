import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { film, minute, renderingClip, says } from '../../support/sandbox/clip-steps.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readAttempts, readGeneration } from '../../support/store/store-reader.ts'

const order = { PROVIDERS: 'fal,replicate,wavespeed' }

describe('a provider that certainly did not accept the job', () => {
  // fal's 5xx are never billed.
  it.each(['busy', 'refused', 'no-credit', 'bad-key', 'down'])('is followed by the next one: %s', async (fault) => {
    const sandbox = await testSandbox({ environment: order })
    const interaction = await sandbox.discord.member.run('film', { prompt: `a boat sandbox:${fault}@fal` })
    const card = await finishedCard(interaction)
    expect(card.text).toContain('Replicate · $0.35')
    expect(sandbox.providers.fal.jobs.list()).toEqual([])
    await sandbox.stopBot()
    expect(readAttempts(sandbox).map(({ provider, state }) => `${provider} ${state}`)).toEqual(['fal refused', 'replicate completed'])
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })

  it('is followed by the next one if it cannot be reached, and so is that one', async () => {
    const sandbox = await testSandbox({ environment: order })
    await sandbox.providers.fal.refuseConnections()
    await sandbox.providers.replicate.refuseConnections()
    const card = await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a boat' }))
    expect(card.text).toContain('WaveSpeedAI · $0.35')
    await sandbox.stopBot()
    expect(readAttempts(sandbox).map(({ provider, endReason }) => [provider, endReason])).toEqual([
      ['fal', 'unavailable'],
      ['replicate', 'unavailable'],
      ['wavespeed', null],
    ])
  })

  it('ends the request without a charge if it was the last', async () => {
    const sandbox = await testSandbox({ clock: createClock(20), environment: order })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:busy' })
    const card = await outcomeCard(interaction)
    expect(card.text).toMatch(/Failed.*No charge/s)
    await sandbox.stopBot()
    // The last provider was only rate-limited, so the request returned to its queue twice.
    expect(readAttempts(sandbox).map(({ provider }) => provider)).toEqual(['fal', 'replicate', 'wavespeed', 'wavespeed', 'wavespeed'])
    expect(await reconcile(sandbox)).toMatchObject({ spent: 0, invoiced: 0, equal: true })
  })

  it('is the only one if a member chose it', async () => {
    const sandbox = await testSandbox({ clock: createClock(20), environment: order })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:busy@fal', provider: 'fal' })
    expect((await outcomeCard(interaction)).text).toContain('Failed')
    await sandbox.stopBot()
    expect(new Set(readAttempts(sandbox).map(({ provider }) => provider))).toEqual(new Set(['fal']))
  })
})

describe('what never fails over', () => {
  it('is a content refusal: with two providers down and one refusing, money and text are right', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal,replicate,runware,eachlabs' } })
    await sandbox.providers.fal.refuseConnections()
    await sandbox.providers.replicate.refuseConnections()
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:moderated' })
    const card = await outcomeCard(interaction)
    expect(card.text).toMatch(/Failed.*No charge/s)
    expect((await interaction.followUp()).text).toMatch(/safety filter/)
    await sandbox.stopBot()
    expect(
      readAttempts(sandbox).map(({ provider, state, endReason, providerCost }) => ({ provider, state, endReason, providerCost })),
    ).toEqual([
      { provider: 'fal', state: 'refused', endReason: 'unavailable', providerCost: null },
      { provider: 'replicate', state: 'refused', endReason: 'unavailable', providerCost: null },
      { provider: 'runware', state: 'failed', endReason: 'moderation', providerCost: null },
    ])
    expect(sandbox.providers.runware.invoice.sheet().totalMicroUsd).toBe(0)
    expect(sandbox.providers.eachlabs.requests.count('create')).toBe(0)
  })

  it.each(['fal', 'wavespeed', 'eachlabs'] as const)('is a lost answer at %s, whose outcome is unknown', async (id) => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: `${id},replicate` } })
    const interaction = await sandbox.discord.member.run('film', { prompt: `a boat sandbox:lost-answer@${id}` })
    expect((await outcomeCard(interaction)).text).toContain('On hold')
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'held', attempts: 1, ledger: 'reserve hold' })
    expect(sandbox.providers[id].requests.count('create')).toBe(1)
    expect(sandbox.providers.replicate.requests.count('create')).toBe(0)
  })
})

describe('a lost answer', () => {
  it('is recovered at Runware by sending the same task again, which runs once', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'runware' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:lost-answer' })
    await finishedCard(interaction)
    await sandbox.stopBot()
    expect(sandbox.providers.runware.jobs.list()).toHaveLength(1)
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })

  it('is not recovered at Replicate, where nothing marks the job as this attempt’s own', async () => {
    // The search takes twenty seconds of the bot's clock.
    const sandbox = await testSandbox({ clock: createClock(10), environment: { PROVIDERS: 'replicate' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:lost-answer' })
    expect((await outcomeCard(interaction)).text).toContain('On hold')
    expect(sandbox.providers.replicate.requests.count('create')).toBe(1)
  })
})

describe('failing over joins the queue of the next provider', () => {
  it('so its cap holds: never more jobs there than it may have', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal,replicate', FAL_CONCURRENCY: '10', REPLICATE_CONCURRENCY: '2' } })
    let most = 0
    const count = () => {
      const running = sandbox.providers.replicate.jobs.list().filter(({ state }) => state === 'queued' || state === 'running').length
      most = Math.max(most, running)
    }
    const counting = (async () => {
      for (;;) {
        await sandbox.providers.replicate.jobs.nextChange()
        count()
      }
    })().catch(() => undefined) // ends when the providers are stopped
    const interactions = await Promise.all(
      Array.from({ length: 6 }, (_, index) => sandbox.discord.member.run('film', { prompt: `boat ${index} sandbox:busy@fal` })),
    )
    await Promise.all(interactions.map(finishedCard))
    expect(sandbox.providers.replicate.jobs.list()).toHaveLength(6)
    expect(most).toBe(2)
    await sandbox.stop()
    await counting
  })
})

describe('a rate-limited provider without an alternative', () => {
  it('keeps the request in its queue and makes the clip later', async () => {
    const sandbox = await testSandbox({ clock: createClock(20), environment: { PROVIDERS: 'fal' } })
    sandbox.providers.fal.faults.add({ kind: 'busy', times: 2 })
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a boat' }))
    await sandbox.stopBot()
    expect(readAttempts(sandbox).map(({ state }) => state)).toEqual(['refused', 'refused', 'completed'])
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })
})

describe('a provider that is no longer configured', () => {
  it('gets ten minutes to come back; then what waits for it ends without a charge, and what it runs is held', async () => {
    const clock = createSkippableClock()
    const sandbox = await testSandbox({ clock, environment: { PROVIDERS: 'fal,replicate', FAL_CONCURRENCY: '1' } })
    const { interaction: running } = await renderingClip(sandbox)
    const waiting = await sandbox.discord.member.run('film', { prompt: 'another boat', provider: 'fal' })
    await waiting.reply(says(/Queued/))
    await sandbox.stopBot()

    await sandbox.startBot({ PROVIDERS: 'replicate', FAL_KEY: undefined })
    await finishedCard(await film(sandbox, 'a third boat'))
    expect(readGeneration(sandbox, waiting).state).toBe('queued')
    expect(readGeneration(sandbox, running).state).toBe('rendering')
    clock.skip(11 * minute)
    expect((await outcomeCard(waiting)).text).toMatch(/Failed.*No charge/s)
    // It can be neither read nor cancelled now, so its cost is unknown.
    expect((await outcomeCard(running)).text).toContain('On hold')
  })
})
