import { describe, expect, it } from 'vitest'

import { compareBooks } from '../../sandbox/reconciliation.ts'
import { ClientRefusal } from '../../sandbox/discord/people/client-refusal.ts'
import type { OptionValues } from '../../sandbox/discord/people/options.ts'
import { createClock } from '../../src/lib/clock.ts'
import { endedCard, testPicture, type TestSandbox, testSandbox } from '../support/sandbox.ts'

/** Nothing reserved, nothing spent, nothing asked of a host, and no trace in the channel. */
async function expectNoTrace(sandbox: TestSandbox): Promise<void> {
  expect(sandbox.hosts.fal.jobs.list()).toEqual([])
  expect(sandbox.discord.guild.channel.messages()).toEqual([])
  await sandbox.stopBot()
  expect(await compareBooks(sandbox)).toMatchObject({ spent: 0, reserved: 0, invoiced: 0 })
  expect(sandbox.discord.responseProblems).toEqual([])
}

describe('what Discord’s own options keep out', () => {
  it.each<[string, string, OptionValues]>([
    ['a missing picture', 'animate', { prompt: 'it moves' }],
    ['a file of another kind', 'animate', { prompt: 'it moves', image: { name: 'notes.gif', bytes: Buffer.from('GIF89a') } }],
    ['a prompt over 2,500 characters', 'film', { prompt: 'x'.repeat(2501) }],
    ['no prompt', 'film', {}],
    ['another duration', 'film', { prompt: 'a boat', duration: 7 }],
    ['guidance over 1', 'film', { prompt: 'a boat', guidance: 1.5 }],
  ])('%s', async (_, command, options) => {
    const sandbox = await testSandbox()
    await expect(sandbox.discord.member.run(command, options)).rejects.toBeInstanceOf(ClientRefusal)
  })
})

describe('what is refused before the acknowledgement: one ephemeral reply', () => {
  const cases: [string, RegExp, (picture: typeof testPicture) => Promise<[string, OptionValues]>][] = [
    ['a prompt of white space', /prompt is empty/, () => Promise.resolve(['film', { prompt: '   ' }])],
    ['a picture under 300 pixels', /too small.*300/s, async (picture) => animate(await picture({ width: 299, height: 400 }))],
    ['a picture narrower than 1:2.5', /long and narrow/, async (picture) => animate(await picture({ width: 300, height: 751 }))],
    ['a picture over 10 MB', /at most .* can be used/, () => Promise.resolve(animate(Buffer.alloc(10_000_001, 'x')))],
  ]
  it.each(cases)('%s', async (_, words, order) => {
    const sandbox = await testSandbox({ discord: { uploadLimitBytes: 20_000_000 } })
    const [command, options] = await order(testPicture)
    const interaction = await sandbox.discord.member.run(command, options)
    expect(await interaction.acknowledged()).toBe(4)
    const reply = await interaction.reply()
    expect(reply.ephemeral).toBe(true)
    expect(reply.text).toMatch(words)
    await expectNoTrace(sandbox)
  })

  it('a server that is not allowed to spend', async () => {
    const sandbox = await testSandbox({ environment: { ALLOWED_GUILDS: '123456789012345678' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    expect((await interaction.reply()).text).toMatch(/may not make clips yet/)
    await expectNoTrace(sandbox)
  })

  it('something that none of the hosts can do, naming who could', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'replicate' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat', guidance: 0.7 })
    const reply = await interaction.reply()
    expect(reply).toMatchObject({ ephemeral: true })
    expect(reply.text).toMatch(/guidance.*fal\.ai/s)
    await expectNoTrace(sandbox)
  })

  it('a channel in which the bot could not deliver', async () => {
    const sandbox = await testSandbox()
    const channel = sandbox.discord.guild.createChannel({ botPermissions: ['ViewChannel', 'SendMessages'] })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' }, { channel })
    expect((await interaction.reply()).text).toMatch(/Attach Files/)
    await expectNoTrace(sandbox)
  })
})

describe('what is refused after the acknowledgement: the placeholder goes, the reason comes privately', () => {
  const cases: [string, RegExp, () => Promise<Buffer>][] = [
    [
      'not a picture by its bytes',
      /Save it as PNG or JPEG/,
      () => Promise.resolve(Buffer.from('<html>no picture at all</html>'.repeat(20))),
    ],
    ['a GIF that calls itself PNG', /Save it as PNG or JPEG/, () => Promise.resolve(Buffer.from('GIF89a'.padEnd(400, '\0')))],
    ['a damaged picture', /damaged or incomplete/, async () => (await testPicture()).subarray(0, 900)],
  ]
  it.each(cases)('%s', async (_, words, bytes) => {
    const sandbox = await testSandbox()
    const interaction = await sandbox.discord.member.run(...animate(await bytes()))
    expect(await interaction.acknowledged()).toBe(5)
    const followUp = await interaction.followUp()
    expect(followUp.ephemeral).toBe(true)
    expect(followUp.text).toMatch(words)
    expect(interaction.currentReply()).toBeUndefined()
    await expectNoTrace(sandbox)
  })

  it('a budget that does not cover the clip', async () => {
    const sandbox = await testSandbox({ environment: { GUILD_BUDGET_DAY_USD: '0.34' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    const followUp = await interaction.followUp()
    expect(followUp).toMatchObject({ ephemeral: true })
    expect(followUp.text).toMatch(/This server’s budget has \$0\.34 left; this clip costs \$0\.35/)
    expect(followUp.text).toMatch(/<t:\d+:R>/)
    expect(interaction.currentReply()).toBeUndefined()
    await expectNoTrace(sandbox)
  })
})

describe('what fails after acceptance: a neutral card, the reason privately, nothing charged', () => {
  const cases: [string, string, RegExp][] = [
    ['the host refuses the request', 'sandbox:refused', /did not accept this request/],
    ['the host refuses the content', 'sandbox:moderated', /safety rules/],
    ['the host fails', 'sandbox:failed', /fault while it worked/],
    ['the host is busy', 'sandbox:busy', /no more requests at the moment/],
    ['the account is empty', 'sandbox:no-credit', /account at the host is empty/],
    ['the key is void', 'sandbox:bad-key', /did not accept the bot’s key/],
  ]
  describe.each(['fal', 'replicate'])('%s', (host) => {
    it.each(cases)('%s', async (_, word, reason) => {
      // A busy host is asked again after some patience; that need not be ours.
      const sandbox = await testSandbox({ clock: createClock(20), environment: { PROVIDERS: host } })
      const interaction = await sandbox.discord.member.run('film', { prompt: `an unmistakable walrus ${word}` })
      const card = await endedCard(interaction, /Not made/)
      expect(card.text).toContain('Nothing was charged.')
      expect(card.text).not.toContain('walrus')
      const followUp = await interaction.followUp()
      expect(followUp.ephemeral).toBe(true)
      expect(followUp.text).toMatch(reason)
      await sandbox.stopBot()
      expect(await compareBooks(sandbox)).toMatchObject({ spent: 0, reserved: 0, invoiced: 0, equal: true })
    })

    it('the host is down', async () => {
      const sandbox = await testSandbox({ environment: { PROVIDERS: host } })
      await sandbox.hosts[host as 'fal' | 'replicate'].refuseConnections()
      const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
      expect((await endedCard(interaction, /Not made/)).text).toContain('Nothing was charged.')
      await sandbox.stopBot()
      expect(await compareBooks({ ...sandbox, hosts: sandbox.hosts }).catch(() => 'hosts are down')).toBe('hosts are down')
    })
  })
})

function animate(bytes: Buffer): [string, OptionValues] {
  return ['animate', { image: { name: 'picture.png', bytes }, prompt: 'it moves' }]
}
