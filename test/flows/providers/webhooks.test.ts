import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { createClock } from '../../../src/lib/clock.ts'
import type { FaultKind } from '../../../sandbox/providers/simulation/faults.ts'
import type { SandboxOptions } from '../../../sandbox/sandbox.ts'
import { freePort } from '../../support/network/free-ports.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readAttempts, readGeneration } from '../../support/store/store-reader.ts'

const ids = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'] as const

async function reachableSandbox(options: SandboxOptions): Promise<TestSandbox> {
  return testSandbox({ ...options, publicPort: await freePort([]) })
}

async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { method: 'POST', body, headers })
  return response.status
}

describe.each(ids)('a webhook of %s', (id) => {
  it('ends the wait: one create call, and one poll to confirm it', async () => {
    const sandbox = await reachableSandbox({ providerSpeed: 1, environment: { PROVIDERS: id } })
    // Done long before it is expected, so that only the webhook can end the wait.
    sandbox.providers.clock.speed = 200
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a boat' }))
    const routes = sandbox.providers[id].requests.list().map(({ route }) => route)
    expect(routes.filter((route) => route === 'create')).toHaveLength(1)
    // fal has separate calls for state and result; all others need one poll.
    expect(routes.filter((route) => route === 'status' || route === 'stream').length).toBeLessThanOrEqual(1)
    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })

  it.each<FaultKind>(['webhook-twice', 'webhook-first'])('that arrives as %s has no effect', async (kind) => {
    const sandbox = await reachableSandbox({ environment: { PROVIDERS: id } })
    await finishedCard(await sandbox.discord.member.run('film', { prompt: `a boat sandbox:${kind}` }))
    await sandbox.stopBot()
    expect(sandbox.providers[id].requests.count('create')).toBe(1)
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })

  it.each<FaultKind>(['webhook-lost', 'webhook-forged', 'webhook-of-another-job'])(
    'that is %s is replaced by the slow poll',
    async (kind) => {
      const sandbox = await reachableSandbox({ environment: { PROVIDERS: id } })
      await finishedCard(await sandbox.discord.member.run('film', { prompt: `a boat sandbox:${kind}` }))
      await sandbox.stopBot()
      expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
    },
  )

  it('reports a job whose create answer was lost, and the clip is delivered', async () => {
    const sandbox = await reachableSandbox({ environment: { PROVIDERS: id } })
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:lost-answer' }))
    await sandbox.stopBot()
    expect(sandbox.providers[id].jobs.list()).toHaveLength(1)
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })
})

describe('the webhook URL', () => {
  it('answers 404 without a hint to anything unknown', async () => {
    const sandbox = await reachableSandbox({ environment: { PROVIDERS: 'fal,replicate' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    await finishedCard(interaction)
    const [attempt] = readAttempts(sandbox)
    const base = sandbox.publicUrl ?? ''
    expect(await post(`${base}/webhooks/fal/${'x'.repeat(43)}`, '{}')).toBe(404)
    expect(await post(`${base}/webhooks/nobody/${attempt?.webhookToken ?? ''}`, '{}')).toBe(404)
    // The token of one provider's attempt is nothing at another's address.
    expect(await post(`${base}/webhooks/replicate/${attempt?.webhookToken ?? ''}`, '{}')).toBe(404)
    expect(await post(`${base}/anything`, '{}')).toBe(404)
  })

  it('rejects what is not signed, and what is too large', async () => {
    const sandbox = await reachableSandbox({ environment: { PROVIDERS: 'fal' } })
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a boat' }))
    const [attempt] = readAttempts(sandbox)
    const url = `${sandbox.publicUrl ?? ''}/webhooks/fal/${attempt?.webhookToken ?? ''}`
    expect(await post(url, JSON.stringify({ request_id: attempt?.operationId, status: 'OK' }))).toBe(401)
    expect(await post(url, 'x'.repeat(300_000))).toBe(413)
  })
})

describe('a held request', () => {
  it('is delivered and paid when a late webhook arrives', async () => {
    // The search takes twenty seconds of the bot's clock.
    const sandbox = await reachableSandbox({ clock: createClock(10), environment: { PROVIDERS: 'wavespeed' } })
    sandbox.providers.wavespeed.jobs.hold('completion')
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:lost-answer' })
    expect((await outcomeCard(interaction)).text).toContain('On hold')
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'held', ledger: 'reserve hold' })
    sandbox.providers.wavespeed.jobs.release('completion')
    await interaction.reply(({ attachments }) => attachments.length > 0)
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', ledger: 'reserve hold capture' })
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, reserved: 0, equal: true })
  })
})

describe('a late webhook of the first provider', () => {
  it('cannot touch the attempt at the second', async () => {
    const sandbox = await reachableSandbox({ environment: { PROVIDERS: 'fal,replicate' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:busy@fal' })
    await finishedCard(interaction)
    const [first, second] = readAttempts(sandbox)
    // Even a correctly signed webhook of fal for its own attempt does not concern an open attempt.
    const job = sandbox.providers.fal.jobs.submit(
      { prompt: 'another', durationSeconds: 5, webhookUrl: `${sandbox.publicUrl ?? ''}/webhooks/fal/${first?.webhookToken ?? ''}` },
      { faults: new Set() },
    )
    await sandbox.providers.fal.webhooks.answered(job.id)
    await sandbox.stopBot()
    expect(readAttempts(sandbox)[1]).toEqual(second)
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', ledger: 'reserve capture' })
  })
})

describe('a cancel whose cost is unknown', () => {
  it('ends once, and the webhook that reports the same raises no alarm', async () => {
    const sandbox = await reachableSandbox({ environment: { PROVIDERS: 'replicate' } })
    sandbox.providers.replicate.jobs.hold('completion')
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    const job = await sandbox.providers.replicate.jobs.reached('running')
    const card = await interaction.reply(({ text }) => text.includes('Rendering'))
    await sandbox.discord.member.press(card, 'Cancel')
    expect((await outcomeCard(interaction)).text).toContain('Cancelled')
    await sandbox.providers.replicate.webhooks.answered(job.id)
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'cancelled', ledger: 'reserve assumed release-guild' })
    expect(interaction.followUps()).toHaveLength(1)
    expect(sandbox.logLines.join('')).not.toContain('settled as not billed')
  })
})
