import { beforeEach, describe, expect, it } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { ClientRefusal } from '../../../sandbox/discord/people/client-refusal.ts'
import type { OptionValues } from '../../../sandbox/discord/people/options.ts'
import { type BareBot, startDiscordWithBot } from './bare-bot.ts'
import { imageOf } from './bot.ts'

let discord: LocalDiscord
let bot: BareBot

beforeEach(async () => {
  ;({ discord, bot } = await startDiscordWithBot())
})

const image = { name: 'boat.png', bytes: imageOf(640, 360) }
const values = (fields: OptionValues = {}): OptionValues => ({ image: image, prompt: 'slow push in', ...fields })
const put = (...commands: object[]) => bot.call('PUT', `/applications/${discord.applicationId}/commands`, { json: commands })

describe('running a command', () => {
  it.each<[string, OptionValues, OptionValues, string]>([
    ['a required option', {}, { prompt: undefined }, 'prompt'],
    ['a required file', {}, { image: undefined }, 'image'],
    ['only known options', {}, { speed: 2 }, 'speed'],
    ['at least 2 characters', { prompt: 'ab' }, { prompt: 'a' }, 'prompt'],
    ['at most 2,500 characters', { prompt: 'x'.repeat(2500) }, { prompt: 'x'.repeat(2501) }, 'prompt'],
    ['one of the choices', { duration: 10 }, { duration: 7 }, 'duration'],
    ['at most the largest number', { guidance: 1 }, { guidance: 1.01 }, 'guidance'],
    ['at least the smallest number', { guidance: 0 }, { guidance: -0.1 }, 'guidance'],
    ['a string for a string option', {}, { prompt: 7 }, 'prompt'],
    ['a file for an attachment option', {}, { image: 'boat.png' }, 'image'],
    ['no file for a string option', {}, { prompt: image }, 'prompt'],
    ['one of the file types', { image: { ...image, name: 'boat.JPEG' } }, { image: { ...image, name: 'boat.gif' } }, 'image'],
  ])('requires %s', async (_name, good, bad, option) => {
    await bot.received(await discord.member.run('animate', values(good)))
    const refused = await discord.member.run('animate', values(bad)).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(ClientRefusal)
    expect((refused as ClientRefusal).option).toBe(option)
  })

  it('sends the payload that Discord sends', async () => {
    const shown = await discord.member.run('animate', values({ image: { ...image, claims: { size: 7 } } }))
    const { payload } = await bot.received(shown)
    const data = payload['data'] as { options: { name: string; value: unknown }[]; resolved: { attachments: Record<string, object> } }
    expect(payload).toMatchObject({
      type: 2,
      version: 1,
      guild_id: discord.guild.id,
      channel: { id: discord.guild.channel.id, type: 0 },
      member: { user: { id: discord.member.id } },
      entitlements: [],
      context: 0,
      attachment_size_limit: 10 * 1024 * 1024,
      authorizing_integration_owners: { 0: discord.guild.id },
    })
    const id = data.options.find(({ name }) => name === 'image')?.value as string
    expect(data.resolved.attachments[id]).toMatchObject({
      filename: 'boat.png',
      content_type: 'image/png',
      width: 640,
      height: 360,
      size: 7,
    })
  })

  it('requires a registered command', async () => {
    await expect(discord.member.run('nothing')).rejects.toThrow(ClientRefusal)
    const other = await startLocalDiscord()
    await expect(other.member.run('animate', values())).rejects.toThrow(ClientRefusal)
    await other.close()
  })

  it('requires the permissions of the command', async () => {
    const run = async (permissions: 'ManageGuild' | 'Administrator' | undefined) =>
      discord.guild.createMember({ name: 'Someone', permissions: permissions ? [permissions] : [] }).run('settings')
    await put({ name: 'settings', description: 'x', default_member_permissions: String(1 << 5) })
    await expect(run(undefined)).rejects.toThrow('permission')
    expect((await run('ManageGuild')).id).toMatch(/^\d{17,19}$/)
    await put({ name: 'settings', description: 'x', default_member_permissions: '0' })
    await expect(run('ManageGuild')).rejects.toThrow('permission')
    await run('Administrator')
  })

  it('finds a subcommand by its path', async () => {
    const budget = { type: 1, name: 'budget', description: 'x', options: [{ type: 4, name: 'dollars', description: 'x', required: true }] }
    await put({ name: 'settings', description: 'x', options: [budget] })
    const { payload } = await bot.received(await discord.member.run('settings budget', { dollars: 3 }))
    expect(payload['data']).toMatchObject({
      name: 'settings',
      options: [{ type: 1, name: 'budget', options: [{ name: 'dollars', type: 4, value: 3 }] }],
    })
    await expect(discord.member.run('settings')).rejects.toThrow('subcommand')
    await expect(discord.member.run('settings colour')).rejects.toThrow('subcommand')
  })

  it('refuses a file above the size limit', async () => {
    const image = { name: 'boat.png', bytes: Buffer.alloc(11) }
    await discord.member.run('animate', values({ image }), { attachmentSizeLimit: 11 })
    await expect(discord.member.run('animate', values({ image }), { attachmentSizeLimit: 10 })).rejects.toThrow('larger')
  })
})

describe('pressing a button', () => {
  const buttons = (disabled: boolean) => [
    {
      type: 1,
      components: [
        { type: 2, style: 2, custom_id: 'cancel:1', label: 'Cancel', disabled },
        { type: 2, style: 5, url: 'https://example.com/', label: 'Open' },
      ],
    },
  ]

  async function posted(flags = 0) {
    const interaction = await bot.receive(discord.member)
    await interaction.callback({ type: 4, data: { content: 'card', components: buttons(false), flags } })
    const message = interaction.shown.currentReply()
    if (!message) throw new Error('no reply')
    return { interaction, message }
  }

  it('sends the message and the custom id; a type 7 callback edits that message', async () => {
    const { message } = await posted()
    expect(message.buttons).toMatchObject([{ customId: 'cancel:1', label: 'Cancel' }, { url: 'https://example.com/' }])
    const pressed = await bot.received(await discord.member.press(message, 'Cancel'))
    expect(pressed.payload).toMatchObject({ type: 3, message: { id: message.id }, data: { component_type: 2, custom_id: 'cancel:1' } })
    const answer = await pressed.callback({ type: 7, data: { content: 'cancelled', components: [] } }, '?with_response=true')
    expect(answer.body).toMatchObject({ resource: { type: 7, message: { id: message.id, content: 'cancelled' } } })
    expect((await pressed.shown.reply()).id).toBe(message.id)
    await expect(discord.member.press(message, 'Cancel')).rejects.toThrow('no button')
  })

  it('gets a new message by a type 4 callback; type 6 makes the old message editable', async () => {
    const { message } = await posted()
    const one = await bot.received(await discord.member.press(message, 'cancel:1'))
    await one.callback({ type: 4, data: { content: 'mine', flags: 64 } })
    expect((await one.shown.reply()).text).toBe('mine')
    const other = await bot.received(await discord.member.press(message, 'cancel:1'))
    await other.callback({ type: 6 })
    await bot.call('PATCH', other.original, { json: { content: 'changed' } })
    expect((await other.shown.reply(({ text }) => text === 'changed')).id).toBe(message.id)
  })

  it('requires a visible message and an enabled button', async () => {
    const { interaction, message } = await posted(64)
    const bob = discord.guild.createMember({ name: 'Bob' })
    await expect(bob.press(message, 'Cancel')).rejects.toThrow('not there')
    await expect(discord.member.press(message, 'Open')).rejects.toThrow('no button')
    await discord.member.press(message, 'Cancel')
    await bot.call('PATCH', interaction.original, { json: { components: buttons(true) } })
    await expect(discord.member.press(message, 'Cancel')).rejects.toThrow('disabled')
    await bot.call('DELETE', interaction.original)
    await expect(discord.member.press(message, 'Cancel')).rejects.toThrow('not there')
  })
})
