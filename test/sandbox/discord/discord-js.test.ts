import {
  ActionRowBuilder,
  AttachmentBuilder,
  ButtonBuilder,
  ButtonStyle,
  Client,
  ContainerBuilder,
  MediaGalleryBuilder,
  MessageFlags,
  TextDisplayBuilder,
} from 'discord.js'
import type { Interaction } from 'discord.js'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { startLocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import type { LocalDiscord } from '../../../sandbox/discord/local-discord.ts'
import { clipBytes, imageOf, startBot } from './bot.ts'

let discord: LocalDiscord

beforeEach(async () => {
  discord = await startLocalDiscord()
})

afterEach(async () => {
  expect(discord.responseProblems).toEqual([])
  await discord.close()
})

const cancelRow = () =>
  new ActionRowBuilder<ButtonBuilder>().addComponents(
    new ButtonBuilder().setCustomId('cancel:1').setLabel('Cancel').setStyle(ButtonStyle.Secondary),
  )

/** Downloads the image, shows progress, then posts a clip; the button deletes the reply and tells the member who pressed it. */
async function animate(interaction: Interaction): Promise<void> {
  if (interaction.isButton()) {
    await interaction.deferUpdate()
    await interaction.deleteReply()
    await interaction.followUp({ content: 'Gone', flags: MessageFlags.Ephemeral })
    return
  }
  if (!interaction.isChatInputCommand()) return
  await interaction.deferReply()
  const image = interaction.options.getAttachment('image', true)
  const downloaded = Buffer.from(await (await fetch(image.url)).arrayBuffer())
  const card = new ContainerBuilder()
    .addTextDisplayComponents(new TextDisplayBuilder().setContent(`rendering ${image.width}x${image.height}, ${downloaded.length} bytes`))
    .addActionRowComponents(cancelRow())
  await interaction.editReply({ components: [card], flags: MessageFlags.IsComponentsV2 })
  const done = new ContainerBuilder()
    .addTextDisplayComponents(new TextDisplayBuilder().setContent(`done: ${interaction.options.getString('prompt', true)}`))
    .addMediaGalleryComponents(new MediaGalleryBuilder().addItems({ media: { url: 'attachment://clip.mp4' } }))
    .addActionRowComponents(cancelRow())
  await interaction.editReply({ components: [done], files: [new AttachmentBuilder(clipBytes, { name: 'clip.mp4' })] })
}

describe('a real discord.js client', () => {
  it('handles a slash command with an image, posts a clip and receives a pressed button', async () => {
    await using bot = await startBot(discord, animate)
    const guild = discord.createGuild({ name: 'Film club' })
    const alice = guild.createMember({ name: 'Alice' })

    const image = imageOf(640, 360)
    const interaction = await alice.run('animate', { image: { name: 'boat.png', bytes: image }, prompt: 'slow push in' })
    // Expected from the beginning, because the clip soon takes its place.
    const progress = interaction.reply(({ text }) => text.startsWith('rendering'))
    expect(await interaction.acknowledged()).toBe(5)
    const rendering = await progress
    expect(rendering.text).toBe('rendering 640x360, 64 bytes')
    expect(rendering.loading).toBe(false)

    const done = await interaction.reply(({ attachments }) => attachments.length === 1)
    expect(done.text).toBe('done: slow push in')
    expect(done.flags).toBe(MessageFlags.IsComponentsV2)
    expect(done.attachments[0]).toMatchObject({ filename: 'clip.mp4', contentType: 'video/mp4', size: clipBytes.length })
    const served = await fetch(done.attachments[0]?.url ?? '')
    expect(served.headers.get('content-type')).toBe('video/mp4')
    expect(Buffer.from(await served.arrayBuffer())).toEqual(clipBytes)

    const pressed = await alice.press(done, 'Cancel')
    await interaction.replyDeleted()
    const farewell = await pressed.followUp()
    expect(farewell).toMatchObject({ content: 'Gone', ephemeral: true })
    expect((await fetch(done.attachments[0]?.url ?? '')).status).toBe(404)

    const bob = guild.createMember({ name: 'Bob' })
    expect(guild.channel.messages(alice).map(({ content }) => content)).toEqual(['Gone'])
    expect(guild.channel.messages(bob)).toEqual([])
    expect(bot.errors).toEqual([])
    expect(bot.client.guilds.cache.get(guild.id)?.name).toBe('Film club')
  })

  it('resumes after a lost connection and a reconnect request without losing an interaction', async () => {
    await using bot = await startBot(discord, async (interaction) => {
      if (interaction.isChatInputCommand()) await interaction.reply({ content: interaction.options.getString('prompt', true) })
    })
    const alice = discord.guild.createMember({ name: 'Alice' })
    const image = { name: 'boat.png', bytes: imageOf(640, 360) }

    const resumed = () => new Promise((resolve) => bot.client.once('shardResume', resolve))
    const afterCut = resumed()
    discord.gateway.cut()
    const duringCut = await alice.run('animate', { image, prompt: 'while away' })
    expect((await duringCut.reply()).text).toBe('while away')
    await afterCut

    const afterRequest = resumed()
    discord.gateway.askReconnect()
    await afterRequest
    const later = await alice.run('animate', { image, prompt: 'after op 7' })
    expect((await later.reply()).text).toBe('after op 7')
    expect(discord.gateway.resumes).toBe(2)
    expect(discord.gateway.identifies).toBe(1)
    expect(bot.errors).toEqual([])
  })

  it('identifies again when its session is invalidated', async () => {
    await using bot = await startBot(discord, () => Promise.resolve())
    const ready = new Promise((resolve) => bot.client.once('shardReady', resolve))
    discord.gateway.invalidateSessions()
    await ready
    expect(discord.gateway.identifies).toBe(2)
  })

  it('cannot log in with a wrong token', async () => {
    const client = new Client({ intents: [], rest: { api: discord.apiUrl } })
    await expect(client.login('another.bot.token')).rejects.toThrow(/token/i)
    await client.destroy()
  })
})
