import { describe, expect, it } from 'vitest'

import { defaultBotPermissions } from '../../../sandbox/discord/model/permissions.ts'
import type { Channel } from '../../../sandbox/discord/people/channel.ts'
import type { Guild } from '../../../sandbox/discord/people/guild.ts'
import { expectPaidOnce, film, quarterHour, refuseEdits, renderingClip, says } from '../../support/sandbox/clip-steps.ts'
import { testSandbox } from '../../support/sandbox/sandbox.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

function joinedThread(guild: Guild): Channel {
  const thread = guild.createChannel({ threadOf: guild.channel, private: true })
  thread.addBot()
  return thread
}

function archivedThread(guild: Guild): Channel {
  const thread = guild.createChannel({ threadOf: guild.channel })
  thread.archive()
  return thread
}

function moderatedThread(guild: Guild): Channel {
  const channel = guild.createChannel({ botPermissions: [...defaultBotPermissions, 'ManageThreads'] })
  const thread = guild.createChannel({ threadOf: channel, private: true })
  thread.setLocked(true)
  return thread
}

const channels: [string, (guild: Guild) => Channel][] = [
  ['an announcement channel', (guild) => guild.createChannel({ kind: 'announcement' })],
  ['an announcement thread', (guild) => guild.createChannel({ threadOf: guild.createChannel({ kind: 'announcement' }) })],
  ['a public thread', (guild) => guild.createChannel({ threadOf: guild.channel })],
  ['a thread that was archived before the request', archivedThread],
  ['a private thread with the bot', joinedThread],
  ['a locked private thread, where the bot manages threads', moderatedThread],
  ['a forum post', (guild) => guild.createChannel({ threadOf: guild.createChannel({ kind: 'forum' }) })],
  ['a voice channel', (guild) => guild.createChannel({ kind: 'voice' })],
  ['a stage channel', (guild) => guild.createChannel({ kind: 'stage' })],
]

describe("after the token's life, in", () => {
  it.each(channels)('%s: the clip takes the place of its card', async (_, channelIn) => {
    const sandbox = await testSandbox({ environment })
    const channel = channelIn(sandbox.discord.guild)
    const { interaction, card } = await renderingClip(sandbox, { channel })
    sandbox.discord.clock.advance(quarterHour + 1000)
    sandbox.providers.fal.jobs.release('completion')
    const posted = await channel.message(({ attachments }) => attachments.length > 0)
    expect(posted.id).toBe(card.id)
    await expectPaidOnce(sandbox, interaction)
  })

  it.each(channels)('%s: the clip is posted in a new message where its card cannot be edited', async (_, channelIn) => {
    const sandbox = await testSandbox({ environment })
    const channel = channelIn(sandbox.discord.guild)
    const { interaction, card } = await renderingClip(sandbox, { channel })
    sandbox.discord.clock.advance(quarterHour + 1000)
    refuseEdits(sandbox, card)
    sandbox.providers.fal.jobs.release('completion')
    const posted = await channel.message(({ attachments }) => attachments.length > 0)
    expect(posted.id).not.toBe(card.id)
    await expectPaidOnce(sandbox, interaction)
  })
})

describe('a thread that is archived meanwhile', () => {
  it.each([0, quarterHour + 1000])('is reopened by the message with the clip, %i ms after the request', async (age) => {
    const sandbox = await testSandbox({ environment })
    const thread = sandbox.discord.guild.createChannel({ threadOf: sandbox.discord.guild.channel })
    const { interaction } = await renderingClip(sandbox, { channel: thread })
    sandbox.discord.clock.advance(age)
    thread.archive()
    sandbox.providers.fal.jobs.release('completion')
    const posted = await thread.message(({ attachments }) => attachments.length > 0)
    expect(posted).toMatchObject({ notified: [sandbox.discord.member.id] })
    expect(thread.archived).toBe(false)
    await expectPaidOnce(sandbox, interaction)
  })

  it('is reopened by the message that tells of a failure', async () => {
    const sandbox = await testSandbox({ environment })
    const post = sandbox.discord.guild.createChannel({ threadOf: sandbox.discord.guild.createChannel({ kind: 'forum' }) })
    sandbox.providers.fal.jobs.hold('completion')
    const interaction = await film(sandbox, 'a boat sandbox:failed', { channel: post })
    await interaction.reply(says(/Rendering/))
    sandbox.discord.clock.advance(quarterHour + 1000)
    post.archive()
    sandbox.providers.fal.jobs.release('completion')
    const told = await post.message(says(/Failed.*No charge\./s))
    expect(told.notified).toEqual([sandbox.discord.member.id])
  })
})
