import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { runHeld } from '../../../src/cli/held.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { createSkippableClock } from '../../support/clocks/skippable-clock.ts'
import { film } from '../../support/sandbox/clip-steps.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readDayWallet, readGeneration } from '../../support/store/store-reader.ts'

/** The operator's terminal beside the running bot. */
async function operator(sandbox: TestSandbox, ...words: string[]): Promise<string> {
  const lines: string[] = []
  const environment = { DISCORD_TOKEN: sandbox.discord.botToken, FAL_KEY: 'any', DATA_DIR: sandbox.dataFolder }
  await runHeld(environment, words, (line) => lines.push(line))
  return lines.join('\n')
}

async function heldRequest(sandbox: TestSandbox, provider = 'fal') {
  const interaction = await sandbox.discord.member.run('film', { prompt: 'an unmistakable walrus sandbox:lost-answer', provider })
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
    expect(list).toContain('$0.35  fal.ai  no job known')
    expect(list).toContain('Held: 1 request ($0.35).')
    expect(list).not.toContain('walrus')
  })

  it('whose job is known is listed with its id', async () => {
    const clock = createSkippableClock()
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' }, clock })
    sandbox.providers.fal.jobs.hold('completion')
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    const { id } = await sandbox.providers.fal.jobs.reached('running')
    // The bot knows the job by now, and its deadline begins.
    await interaction.reply(({ text }) => text.includes('Rendering'))
    clock.skip(31 * 60_000)
    await outcomeCard(interaction)
    expect(await operator(sandbox)).toContain(`job ${id}`)
  })

  it('without a sign of its job for an hour costs the server nothing until then, and its budget is free again', async () => {
    const clock = createSkippableClock()
    const environment = { PROVIDERS: 'fal', GUILD_BUDGET_DAY_USD: '0.35', GUILD_BUDGET_MONTH_USD: '0.35' }
    const sandbox = await testSandbox({ environment, clock })
    const { interaction, reference } = await heldRequest(sandbox)
    expect((await interaction.reply()).text).toContain('$0.35 stays reserved')
    expect((await film(sandbox).then((refused) => refused.followUp())).text).toContain('$0.00 left')
    clock.skip(61 * 60_000)
    const card = await interaction.reply(({ text }) => text.includes('available to this server again'))
    expect(card.text).toContain('**On hold**')
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'held', ledger: 'reserve hold release-guild' })
    expect(await operator(sandbox)).toContain('released for the server')
    // By the bot's clock this interaction is an hour old, so its clip comes in a message of its own.
    await film(sandbox)
    await sandbox.discord.guild.channel.message(({ attachments }) => attachments.length > 0)
    await operator(sandbox, reference, 'billed')
    await interaction.reply(({ text }) => text.includes('Failed'))
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ ledger: 'reserve hold release-guild capture-installation' })
    expect(await reconcile(sandbox)).toMatchObject({ spent: 700_000, reserved: 0 })
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
    const line = sandbox.logLines.find((text) => text.includes('generation held'))
    const { id: guild } = sandbox.discord.guild
    expect(JSON.parse(line ?? '{}')).toMatchObject({ reference, guild, provider: 'fal', price: '$0.35', reason: 'submission_unknown' })
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
    await expect(operator(sandbox, 'ffffffff', 'free')).rejects.toThrow(/No undecided held request has the reference/)
    await expect(operator(sandbox, reference, 'perhaps')).rejects.toThrow(/free.*billed/)
    await expect(operator(sandbox, reference, 'free', '--provider', 'fal')).rejects.toThrow(/need `--all`/)
    await expect(operator(sandbox, reference, 'free', '--all')).rejects.toThrow(/name the decision and no request/)
    await expect(operator(sandbox, reference, 'free', '--everything')).rejects.toThrow(/Unknown option.*npm run held/)
    await expect(operator(sandbox, 'free', '--all')).rejects.toThrow(/`--all` needs `--before`/)
    await expect(operator(sandbox, 'free', '--all', '--before', 'yesterday')).rejects.toThrow(/`--all` needs `--before`/)
    const later = ['--before', '2100-01-01']
    await expect(operator(sandbox, 'free', '--all', ...later, '--provider', 'fall')).rejects.toThrow(/providers are fal, replicate/)
    await operator(sandbox, reference, 'free')
    await expect(operator(sandbox, reference, 'billed')).rejects.toThrow(/No undecided held request has the reference/)
  })

  it('is one of many that one decision is about', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal,eachlabs' } })
    // After the first, its provider gets no further create call.
    const held = [await heldRequest(sandbox), await heldRequest(sandbox, 'eachlabs')]
    await sandbox.stopBot()
    const list = await operator(sandbox)
    expect(list).toContain('Held: 2 requests ($0.70 in total).')
    const [, second = ''] = /since (\S+)/.exec(list.split('\n')[1] ?? '') ?? []
    const [, before = ''] = /For all undecided ones above \(2\): `npm run held -- free --all --before (\S+)`, or `billed`/.exec(list) ?? []
    const all = ['--all', '--before', before]
    await expect(operator(sandbox, 'billed', ...all, '--provider', 'replicate')).rejects.toThrow(/No undecided held request matches/)
    expect(await operator(sandbox, 'free', '--all', '--before', second)).toMatch(/^Marked 1 request \(\$0\.35\) as free\./)
    const half = await operator(sandbox)
    expect(half).toMatch(/decided: free\n.*\nHeld: 2 requests/)
    // The same time: none was held since.
    expect(half).toContain(`For all undecided ones above (1): \`npm run held -- free --all --before ${before}\``)
    expect(await operator(sandbox, 'billed', ...all)).toMatch(/^Marked 1 request \(\$0\.35\) as billed\./)
    expect(await operator(sandbox)).not.toContain('--all')
    await sandbox.startBot()
    for (const { interaction } of held) await interaction.reply(({ text }) => text.includes('Failed'))
    await sandbox.stopBot()
    const ledgers = held.map(({ interaction }) => readGeneration(sandbox, interaction).ledger)
    expect(ledgers).toEqual(['reserve hold release', 'reserve hold capture refund'])
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 350_000 })
  })
})
