import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { ClientRefusal } from '../../../sandbox/discord/people/client-refusal.ts'
import type { OptionValues } from '../../../sandbox/discord/people/options.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { testImage } from '../../support/media/test-image.ts'
import { endedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'

/** Nothing reserved, spent, requested from a provider or left in the channel. */
async function expectNoTrace(sandbox: TestSandbox): Promise<void> {
  expect(sandbox.providers.fal.jobs.list()).toEqual([])
  expect(sandbox.discord.guild.channel.messages()).toEqual([])
  await sandbox.stopBot()
  expect(await reconcile(sandbox)).toMatchObject({ spent: 0, reserved: 0, invoiced: 0 })
  expect(sandbox.discord.responseProblems).toEqual([])
}

describe('what Discord rejects by the options of the command', () => {
  it.each<[string, string, OptionValues]>([
    ['a missing image', 'animate', { prompt: 'it moves' }],
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
  const cases: [string, RegExp, (image: typeof testImage) => Promise<[string, OptionValues]>][] = [
    [
      'a prompt of one character between blanks',
      /prompt is empty or a single character/,
      () => Promise.resolve(['film', { prompt: ' a ' }]),
    ],
    ['a prompt of white space', /prompt is empty/, () => Promise.resolve(['film', { prompt: '   ' }])],
    [
      'an image under 300 pixels',
      /299 × 400 pixels; each side needs at least 300/,
      async (image) => animate(await image({ width: 299, height: 400 })),
    ],
    [
      'an image narrower than 1:2.5',
      /300 × 751 pixels; the long side can be at most 2\.5 times/,
      async (image) => animate(await image({ width: 300, height: 751 })),
    ],
    ['an image over 10 MB', /The image is 10\.1 MB; the limit is 10 MB/, () => Promise.resolve(animate(Buffer.alloc(10_000_001, 'x')))],
  ]
  it.each(cases)('%s', async (_, words, order) => {
    const sandbox = await testSandbox({ discord: { uploadLimitBytes: 20_000_000 } })
    const [command, options] = await order(testImage)
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
    expect((await interaction.reply()).text).toMatch(/can't make clips yet/)
    await expectNoTrace(sandbox)
  })

  it('an option that no configured provider supports, naming one that does', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'replicate' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat', guidance: 0.7 })
    const reply = await interaction.reply()
    expect(reply).toMatchObject({ ephemeral: true })
    expect(reply.text).toMatch(/guidance.*fal\.ai/s)
    await expectNoTrace(sandbox)
  })

  it('an option that the chosen provider does not support, naming one that does', async () => {
    const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal,replicate' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat', provider: 'replicate', guidance: 0.7 })
    expect((await interaction.reply()).text).toBe("Replicate doesn't support guidance. Choose fal.ai, or try again without it.")
    await expectNoTrace(sandbox)
  })

  it('one of two images, by its name', async () => {
    const sandbox = await testSandbox()
    const image = { name: 'boat.png', bytes: await testImage() }
    const lastImage = { name: 'harbour.png', bytes: await testImage({ width: 299, height: 400 }) }
    const interaction = await sandbox.discord.member.run('animate', { image, prompt: 'it moves', last_image: lastImage })
    expect((await interaction.reply()).text).toMatch(/^`last_image` is 299 × 400 pixels/)
    await expectNoTrace(sandbox)
  })

  it('a channel where the bot lacks a permission', async () => {
    const sandbox = await testSandbox()
    const channel = sandbox.discord.guild.createChannel({ botPermissions: ['ViewChannel', 'SendMessages'] })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' }, { channel })
    expect((await interaction.reply()).text).toMatch(/Attach Files/)
    await expectNoTrace(sandbox)
  })
})

describe('what is refused after the acknowledgement: the reason is private, the placeholder is deleted', () => {
  const cases: [string, RegExp, () => Promise<Buffer>][] = [
    ['not an image by its bytes', /isn't a PNG or JPEG/, () => Promise.resolve(Buffer.from('<html>no image at all</html>'.repeat(20)))],
    ['a GIF that calls itself PNG', /isn't a PNG or JPEG/, () => Promise.resolve(Buffer.from('GIF89a'.padEnd(400, '\0')))],
    ['a damaged image', /The image is damaged/, async () => (await testImage()).subarray(0, 900)],
  ]
  it.each(cases)('%s', async (_, words, bytes) => {
    const sandbox = await testSandbox()
    const interaction = await sandbox.discord.member.run(...animate(await bytes()))
    expect(await interaction.acknowledged()).toBe(5)
    const followUp = await interaction.followUp()
    expect(followUp.ephemeral).toBe(true)
    expect(followUp.text).toMatch(words)
    await interaction.replyDeleted()
    await expectNoTrace(sandbox)
  })

  it('a budget that does not cover the clip', async () => {
    const sandbox = await testSandbox({ environment: { GUILD_BUDGET_DAY_USD: '0.34' } })
    const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
    const followUp = await interaction.followUp()
    expect(followUp).toMatchObject({ ephemeral: true })
    expect(followUp.text).toMatch(/This server's daily budget has \$0\.34 left; this clip costs \$0\.35/)
    expect(followUp.text).toMatch(/<t:\d+:R>/)
    await interaction.replyDeleted()
    await expectNoTrace(sandbox)
  })
})

describe('what fails after acceptance: a neutral card, a private reason, no charge', () => {
  const cases: [string, string, RegExp][] = [
    ['the provider refuses the request', 'sandbox:refused', /rejected your request/],
    ['the provider refuses the content', 'sandbox:moderated', /safety filter/],
    ['the provider fails', 'sandbox:failed', /had an error/],
    ['the provider is busy', 'sandbox:busy', /too busy right now/],
    ['the account is empty', 'sandbox:no-credit', /The bot's account at .* is empty/],
    ['the key is void', 'sandbox:bad-key', /rejected the bot's key/],
  ]
  describe.each(['fal', 'replicate'])('%s', (provider) => {
    it.each(cases)('%s', async (_, word, reason) => {
      // A fast clock shortens the wait before a busy provider is retried.
      const sandbox = await testSandbox({ clock: createClock(20), environment: { PROVIDERS: provider } })
      const interaction = await sandbox.discord.member.run('film', { prompt: `an unmistakable walrus ${word}` })
      const card = await endedCard(interaction, /Failed/)
      expect(card.text).toContain('No charge.')
      expect(card.text).not.toContain('walrus')
      const followUp = await interaction.followUp()
      expect(followUp.ephemeral).toBe(true)
      expect(followUp.text).toMatch(reason)
      await sandbox.stopBot()
      expect(await reconcile(sandbox)).toMatchObject({ spent: 0, reserved: 0, invoiced: 0, equal: true })
    })

    it('the provider is down', async () => {
      const sandbox = await testSandbox({ environment: { PROVIDERS: provider } })
      await sandbox.providers[provider as 'fal' | 'replicate'].refuseConnections()
      const interaction = await sandbox.discord.member.run('film', { prompt: 'a boat' })
      expect((await endedCard(interaction, /Failed/)).text).toContain('No provider could be reached.\nNo charge.')
      await sandbox.stopBot()
      expect(await reconcile({ ...sandbox, providers: sandbox.providers }).catch(() => 'providers are down')).toBe('providers are down')
    })
  })
})

function animate(bytes: Buffer): [string, OptionValues] {
  return ['animate', { image: { name: 'picture.png', bytes }, prompt: 'it moves' }]
}
