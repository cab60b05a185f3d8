import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { film } from '../../support/sandbox/clip-steps.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readAttempts, readDayWallet } from '../../support/store/store-reader.ts'

const price = 350_000

describe('a provider that fails in the middle of a render and bills nothing', () => {
  it('is followed by another one, and the clip is paid once', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'replicate,fal' } })
    const card = await finishedCard(await film(sandbox, 'a boat sandbox:failed@replicate'))
    expect(card.text).toContain('fal.ai · $0.35')
    await sandbox.stopBot()
    expect(readAttempts(sandbox).map(({ provider, state }) => `${provider} ${state}`)).toEqual(['replicate failed', 'fal completed'])
    expect(await reconcile(sandbox)).toMatchObject({ spent: price, invoiced: price, reserved: 0, equal: true })
  })

  it('is followed once: if the next one fails as well, the request ends without a charge', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'replicate,wavespeed,fal' } })
    const interaction = await film(sandbox, 'a boat sandbox:failed')
    expect((await outcomeCard(interaction)).text).toMatch(/Failed.*WaveSpeedAI had an error.*No charge/s)
    await sandbox.stopBot()
    expect(readAttempts(sandbox).map(({ provider, state }) => `${provider} ${state}`)).toEqual(['replicate failed', 'wavespeed failed'])
    expect(await reconcile(sandbox)).toMatchObject({ spent: 0, invoiced: 0, reserved: 0, equal: true })
  })

  it('ends the request if it failed for the content', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'replicate,fal' } })
    const interaction = await film(sandbox, 'a boat sandbox:moderated@replicate')
    expect((await outcomeCard(interaction)).text).toContain('Replicate rejected this request')
    expect(sandbox.providers.fal.requests.count('create')).toBe(0)
  })
})

describe('a provider that does not say whether it bills a job that failed', () => {
  it.each(['runware', 'eachlabs'] as const)('costs the server nothing, and the installation assumes the price (%s)', async (provider) => {
    for (const billFailed of [false, true]) {
      const sandbox = await testSandbox({ environment: { PROVIDERS: `${provider},fal` } })
      sandbox.providers[provider].behavior.billFailed = billFailed
      const interaction = await film(sandbox, 'a boat sandbox:failed')
      expect((await outcomeCard(interaction)).text).toMatch(/Failed.*had an error.*(No charge|refunded)/s)
      await sandbox.stopBot()
      expect(readAttempts(sandbox).map((attempt) => `${attempt.provider} ${attempt.state}`)).toEqual([`${provider} failed`])
      expect(readDayWallet(sandbox, sandbox.discord.guild.id)).toEqual({ reserved: 0, spent: 0 })
      const invoiced = billFailed ? price : 0
      expect(await reconcile(sandbox)).toMatchObject({ spent: price, invoiced, reserved: 0, equal: true })
    }
  })
})

describe('a request that no provider makes', () => {
  it('ends with the reason of the one that decided about the request, although the last one had no credit', async () => {
    const sandbox = await testSandbox({ clock: createClock(5), environment: { PROVIDERS: 'fal,replicate,wavespeed' } })
    const interaction = await film(sandbox, 'a boat sandbox:busy@fal sandbox:refused@replicate sandbox:no-credit@wavespeed')
    expect((await outcomeCard(interaction)).text).toMatch(/Failed.*Replicate rejected this request.*Replicate · \$0\.35/s)
    await sandbox.stopBot()
    expect(readAttempts(sandbox).map(({ provider, endReason }) => `${provider} ${endReason}`)).toEqual([
      'fal rate_limited',
      'replicate invalid_input',
      'wavespeed no_credit',
    ])
  })
})
