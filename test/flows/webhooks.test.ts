import { describe, expect, it } from 'vitest'

import { reconcile } from '../../sandbox/reconciliation.ts'
import { createClock } from '../../src/lib/clock.ts'
import type { FaultKind } from '../../sandbox/providers/simulation/faults.ts'
import type { SandboxOptions } from '../../sandbox/sandbox.ts'
import { freePort } from '../support/free-ports.ts'
import { lastWord } from '../support/last-word.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { readAttempts, readGeneration } from '../support/store-reader.ts'

const ids = ['fal', 'replicate', 'wavespeed', 'runware', 'eachlabs'] as const

async function reachableSandbox(options: SandboxOptions): Promise<TestSandbox> {
  return testSandbox({ ...options, publicPort: await freePort([]) })
}

async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { method: 'POST', body, headers })
  return response.status
}

describe.each(ids)('a webhook of %s', (id) => {
  it('ends the wait: one create, and one look to confirm it', async () => {
    const sandbox = await reachableSandbox({ providerSpeed: 20, environment: { PROVIDERS: id } })
    // Done long before it is expected, so that only the webhook can have ended the wait.
    sandbox.providers[id].behavior.runSeconds = { 5: 20, 10: 20 }
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a boat' }))
    const routes = sandbox.providers[id].requests.list().map(({ route }) => route)
    expect(routes.filter((route) => route === 'create')).toHaveLength(1)
    // fal tells state and result apart; all others need one look.
    expect(routes.filter((route) => route === 'status' || route === 'stream').length).toBeLessThanOrEqual(1)
    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })

  it.each<FaultKind>(['webhook-twice', 'webhook-first'])('that comes %s does no harm', async (kind) => {
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

  it('tells of a job whose create answer was lost, and the clip is delivered', async () => {
    const sandbox = await reachableSandbox({ environment: { PROVIDERS: id } })
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:lost-answer' }))
    await sandbox.stopBot()
    expect(sandbox.providers[id].jobs.list()).toHaveLength(1)
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
  })
})

describe('the address of webhooks', () => {
  it('answers 404 without a hint to whatever it does not know', async () => {
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

  it('turns away what is not signed, and what is too large', async () => {
    const sandbox = await reachableSandbox({ environment: { PROVIDERS: 'fal' } })
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'a boat' }))
    const [attempt] = readAttempts(sandbox)
    const url = `${sandbox.publicUrl ?? ''}/webhooks/fal/${attempt?.webhookToken ?? ''}`
    expect(await post(url, JSON.stringify({ request_id: attempt?.operationId, status: 'OK' }))).toBe(401)
    expect(await post(url, 'x'.repeat(300_000))).toBe(413)
  })
})

describe('a held request', () => {
  it('is delivered by a webhook that comes after it was given up, and paid then', async () => {
    // It is waited for over twenty seconds of the bot's clock.
    const sandbox = await reachableSandbox({ clock: createClock(10), environment: { PROVIDERS: 'wavespeed' } })
    sandbox.providers.wavespeed.jobs.hold('completion')
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat sandbox:lost-answer' })
    expect((await lastWord(interaction)).text).toContain('On hold')
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
    // Even a rightly signed word of fal, at the address of its own attempt, is about nothing that is still open.
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

describe('a cancel of which nobody says what it cost', () => {
  it('is held once, also when the webhook has told the same', async () => {
    const sandbox = await reachableSandbox({ environment: { PROVIDERS: 'replicate' } })
    sandbox.providers.replicate.jobs.hold('completion')
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    const job = await sandbox.providers.replicate.jobs.reached('running')
    const card = await interaction.reply(({ text }) => text.includes('Rendering'))
    await sandbox.discord.member.press(card, 'Cancel')
    expect((await lastWord(interaction)).text).toContain('On hold')
    await sandbox.providers.replicate.webhooks.answered(job.id)
    const looks = sandbox.providers.replicate.requests.count('status')
    // A second request goes through every turn of the bot meanwhile; the held one takes no part in it.
    sandbox.providers.replicate.jobs.release('completion')
    await finishedCard(await sandbox.discord.member.run('film', { prompt: 'another boat' }))
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'held', ledger: 'reserve hold' })
    expect(sandbox.providers.replicate.requests.count('status') - looks).toBeLessThanOrEqual(10)
    expect(interaction.followUps()).toHaveLength(1)
  })
})
