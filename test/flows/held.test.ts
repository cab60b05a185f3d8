import { describe, expect, it } from 'vitest'

import { reconcile } from '../../sandbox/reconciliation.ts'
import { runHeld } from '../../src/cli/held.ts'
import { outcomeCard } from '../support/outcome-card.ts'
import { type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { readDayWallet, readGeneration } from '../support/store-reader.ts'

/** The operator's terminal beside the running bot. */
async function operator(sandbox: TestSandbox, ...words: string[]): Promise<string> {
  const lines: string[] = []
  const environment = { DISCORD_TOKEN: sandbox.discord.botToken, FAL_KEY: 'any', DATA_DIR: sandbox.dataFolder }
  await runHeld(environment, words, (line) => lines.push(line))
  return lines.join('\n')
}

async function heldRequest(sandbox: TestSandbox) {
  const interaction = await sandbox.discord.member.run('film', { prompt: 'an unmistakable walrus sandbox:lost-answer' })
  const card = await outcomeCard(interaction)
  expect(card.text).toContain('On hold')
  const [, reference = ''] = /Reference ([0-9a-f]+)/.exec(card.text) ?? []
  return { interaction, reference }
}

describe('a held generation', () => {
  it('is listed for the operator, without a prompt', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
    expect(await operator(sandbox)).toBe('No requests are held.')
    const { reference } = await heldRequest(sandbox)
    const list = await operator(sandbox)
    expect(list).toContain(reference)
    expect(list).toContain('$0.35  fal.ai')
    expect(list).not.toContain('walrus')
  })

  it('is released when the operator says that it was not billed', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
    const { interaction, reference } = await heldRequest(sandbox)
    await operator(sandbox, reference, 'free')
    const card = await interaction.reply(({ text }) => text.includes('Failed'))
    expect(card.text).toContain('No charge.')
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'failed', ledger: 'reserve hold release' })
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 0 })
  })

  it('is captured when the operator says that it was billed: the installation pays, the guild does not', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
    const { interaction, reference } = await heldRequest(sandbox)
    // The bot is not running: it acts on the decision at its next start.
    await sandbox.stopBot()
    await sandbox.providers.fal.jobs.reached('succeeded')
    await operator(sandbox, reference, 'billed')
    await sandbox.startBot()
    await interaction.reply(({ text }) => text.includes('Failed'))
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'failed', ledger: 'reserve hold capture refund' })
    expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, equal: true })
    expect(readDayWallet(sandbox, sandbox.discord.guild.id)).toEqual({ reserved: 0, spent: 0 })
  })

  it('is settled once, and only under its own reference', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
    const { reference } = await heldRequest(sandbox)
    await expect(operator(sandbox, 'ffffffff', 'free')).rejects.toThrow(/No held request .* waits for a decision/)
    await expect(operator(sandbox, reference, 'perhaps')).rejects.toThrow(/free.*billed/)
    await operator(sandbox, reference, 'free')
    await expect(operator(sandbox, reference, 'billed')).rejects.toThrow(/No held request .* waits for a decision/)
  })
})
