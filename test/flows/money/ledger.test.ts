import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { runLedger } from '../../../src/cli/ledger.ts'
import { film } from '../../support/sandbox/clip-steps.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readAttempts, readDayWallet, readGeneration } from '../../support/store/store-reader.ts'

/** The operator's terminal beside the running bot. */
async function operator(sandbox: TestSandbox, ...words: string[]): Promise<string> {
  const lines: string[] = []
  const environment = { DISCORD_TOKEN: sandbox.discord.botToken, FAL_KEY: 'any', DATA_DIR: sandbox.dataFolder }
  await runLedger(environment, words, (line) => lines.push(line))
  return lines.join('\n')
}

const correction = (reference: string, amount: string, wallet = 'installation', reason = 'by the invoice') => [
  ...['correct', reference, amount],
  ...['--wallet', wallet, '--reason', reason],
]

/** A clip whose provider prints this many dollars for it. */
async function clipAt(usd: number): Promise<{ sandbox: TestSandbox; reference: string; interaction: Awaited<ReturnType<typeof film>> }> {
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'runware' } })
  sandbox.providers.runware.prices.microUsdPerSecond = (usd * 1_000_000) / 5
  const interaction = await film(sandbox)
  await finishedCard(interaction)
  return { sandbox, interaction, reference: readGeneration(sandbox, interaction).reference }
}

describe('the cost that a provider reports', () => {
  it.each([
    [3_500_000, '3500000'],
    [1e16, '10000000000000000'],
    [1e19, '10000000000000000000'],
    [0.2, '0.2'],
  ])('of $%d is booked as listed and shown to the operator; the clip is posted', async (usd, printed) => {
    const { sandbox, interaction, reference } = await clipAt(usd)
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 350_000 })
    expect(readGeneration(sandbox, interaction).ledger).toBe('reserve capture')
    expect(readAttempts(sandbox)).toMatchObject([{ providerCost: null, implausibleCost: printed }])
    expect(await operator(sandbox)).toMatch(
      new RegExp(`Implausible costs, booked as listed:\\n  .*${reference}  \\$0\\.35  Runware  reported ${printed}\\n`),
    )
    expect(sandbox.logLines.join('')).toMatch(new RegExp(`"printed":"${printed}".*implausible cost`))
  })

  it.each([0.28, 0.42])('of $%d, a fifth away, is booked as it is', async (usd) => {
    const { sandbox } = await clipAt(usd)
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: usd * 1_000_000 })
    expect(readAttempts(sandbox)).toMatchObject([{ providerCost: usd * 1_000_000, implausibleCost: null }])
    expect(await operator(sandbox)).not.toContain('Implausible')
  })
})

describe('the ledger', () => {
  it('shows the budgets in use, what is assumed, and the latest rows, without a prompt', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'replicate' } })
    sandbox.providers.replicate.jobs.hold('completion')
    const interaction = await film(sandbox, 'an unmistakable walrus')
    await sandbox.discord.member.press(await interaction.reply(({ text }) => text.includes('Rendering')), 'Cancel')
    await outcomeCard(interaction)
    const { reference } = readGeneration(sandbox, interaction)
    const list = await operator(sandbox)
    expect(list).toMatch(/installation {2}\d{4}-\d\d-\d\d {2}\$0\.35 spent {2}\$0\.00 reserved/)
    expect(list).toContain(`server ${sandbox.discord.guild.id}`)
    expect(list).toMatch(new RegExp(`Assumed.*:\\n  .*${reference}  assumed  \\$0\\.35  Replicate\\n`))
    expect(list).toMatch(new RegExp(`Latest rows:\\n  .*${reference}  reserve  .*\\n.*assumed.*\\n.*release-server`))
    expect(list).not.toContain('walrus')

    await expect(operator(sandbox, ...correction(reference, '0', 'server'))).rejects.toThrow(/An amount of 0 only confirms/)
    expect(await operator(sandbox, ...correction(reference, '0', 'installation', 'on the invoice'))).toBe(
      `${reference}: confirmed as booked.`,
    )
    const confirmed = await operator(sandbox)
    expect(confirmed).not.toContain('Assumed')
    expect(confirmed).toMatch(new RegExp(`${reference}  correction-installation  \\$0\\.00  Replicate  on the invoice`))
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 350_000 })
    await operator(sandbox, ...correction(reference, '-0.35', 'installation', 'not on the invoice'))
    await sandbox.stopBot()
    const corrected = await operator(sandbox)
    expect(corrected).not.toContain('Assumed')
    expect(corrected).toMatch(new RegExp(`${reference}  correction-installation  -\\$0\\.35  Replicate  not on the invoice`))
    expect(await reconcile(sandbox)).toMatchObject({ spent: 0, invoiced: 0, assumed: 0, equal: true })
  })

  it('takes several corrections of one request, for either wallet', async () => {
    const { sandbox, interaction, reference } = await clipAt(0.35)
    expect(await operator(sandbox, ...correction(reference, '0.07'))).toContain('$0.07 added to what the installation spent')
    await operator(sandbox, ...correction(reference, '-0.02'))
    await operator(sandbox, ...correction(reference, '-0.35', 'server', 'a gift'))
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 400_000 })
    expect(readDayWallet(sandbox, sandbox.discord.guild.id)).toEqual({ reserved: 0, spent: 0 })
    const corrections = 'correction-installation correction-installation correction-guild'
    expect(readGeneration(sandbox, interaction).ledger).toBe(`reserve capture ${corrections}`)
  })

  it.each([
    ['an unknown reference', () => correction('ffffffff', '0.07'), /No request has the reference ffffffff/],
    ['a confirmation of what is certain', (reference: string) => correction(reference, '0.00'), /An amount of 0 only confirms/],
    ['no amount', (reference: string) => correction(reference, 'much'), /The amount is dollars/],
    ['too large an amount', (reference: string) => correction(reference, '9007199254740993'), /The amount is dollars/],
    ['an amount below a micro-dollar', (reference: string) => correction(reference, '0.0000001'), /The amount is dollars/],
    ['an empty reason', (reference: string) => correction(reference, '0.07', 'server', '  '), /`--reason` is empty/],
    ['no reason', (reference: string) => correction(reference, '0.07').slice(0, 5), /`--reason` is missing/],
    ['another wallet', (reference: string) => correction(reference, '0.07', 'mine'), /`--wallet` is `server` or `installation`/],
    ['another word', (reference: string) => ['mend', ...correction(reference, '0.07').slice(1)], /npm run ledger -- correct/],
    ['more than was spent', (reference: string) => correction(reference, '-0.36'), /would have spent -\$0\.01/],
  ])('refuses %s and says what to do', async (_, words, message) => {
    const { sandbox, interaction, reference } = await clipAt(0.35)
    await expect(operator(sandbox, ...words(reference))).rejects.toThrow(message)
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 350_000 })
    expect(readGeneration(sandbox, interaction).ledger).toBe('reserve capture')
  })
})
