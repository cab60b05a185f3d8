import { describe, expect, it } from 'vitest'

import { defaultBotPermissions, type PermissionName } from '../../../sandbox/discord/model/permissions.ts'
import type { Channel } from '../../../sandbox/discord/people/channel.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { film, renderingClip, says } from '../../support/sandbox/clip-steps.ts'
import { type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { countRows, readDayWallet } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }
const proofs = { operation: 'update_message' }
const refused = (status: number, code: number) => ({ status, body: { message: 'Refused', code } })

const without = (...names: PermissionName[]) => defaultBotPermissions.filter((name) => !names.includes(name))
const thread = ({ discord }: TestSandbox) => discord.guild.createChannel({ threadOf: discord.guild.channel })
const privateThread = ({ discord }: TestSandbox) => discord.guild.createChannel({ threadOf: discord.guild.channel, private: true })

function joinedThread(sandbox: TestSandbox): Channel {
  const joined = privateThread(sandbox)
  joined.addBot()
  return joined
}

/** Locked, in a channel where the bot manages threads. */
function moderatedThread({ discord }: TestSandbox): Channel {
  const channel = discord.guild.createChannel({ botPermissions: [...defaultBotPermissions, 'ManageThreads'] })
  const locked = discord.guild.createChannel({ threadOf: channel })
  locked.setLocked(true)
  return locked
}

function countProofs({ discord }: TestSandbox): number {
  return discord.requests.filter(({ operation }) => operation === proofs.operation).length
}

function expectNothingReserved(sandbox: TestSandbox): void {
  expect([countRows(sandbox, 'generations'), countRows(sandbox, 'ledger')]).toEqual([0, 0])
  expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 0 })
  expect(sandbox.discord.responseProblems).toEqual([])
}

/** Refused before the acknowledgement, which costs Discord and the bot one request. */
async function expectRefusedAtOnce(sandbox: TestSandbox, channel: Channel, text: string): Promise<void> {
  const interaction = await film(sandbox, 'a boat', { channel })
  const { ephemeral, text: read } = await interaction.reply()
  expect({ ephemeral, text: read }).toEqual({ ephemeral: true, text })
  expect(countProofs(sandbox)).toBe(0)
  expectNothingReserved(sandbox)
}

async function expectToldPrivately(interaction: Interaction, text: string): Promise<void> {
  const { ephemeral, text: read } = await interaction.followUp()
  expect({ ephemeral, text: read }).toEqual({ ephemeral: true, text })
  await interaction.replyDeleted()
  expect(interaction.followUps()).toHaveLength(1)
}

async function expectRefused(sandbox: TestSandbox, channel: Channel, text: string): Promise<void> {
  await expectToldPrivately(await film(sandbox, 'a boat', { channel }), text)
  expectNothingReserved(sandbox)
  expect(channel.messages()).toEqual([])
}

describe('what an interaction tells of its channel is judged before the acknowledgement', () => {
  it.each(['voice', 'stage'] as const)('%s: Connect is needed', async (kind) => {
    const sandbox = await testSandbox({ environment })
    const channel = sandbox.discord.guild.createChannel({ kind, botPermissions: without('Connect') })
    const text = 'The bot needs the **Connect** permission in this channel. Ask a moderator, or use another channel.'
    await expectRefusedAtOnce(sandbox, channel, text)
  })

  it.each(['forum', 'announcement', 'text'] as const)('a thread of the kind "%s": Send Messages in Threads is needed', async (kind) => {
    const sandbox = await testSandbox({ environment })
    const parent = sandbox.discord.guild.createChannel({ kind, botPermissions: without('SendMessagesInThreads') })
    const text = 'The bot needs the **Send Messages in Threads** permission in this channel. Ask a moderator, or use another channel.'
    await expectRefusedAtOnce(sandbox, sandbox.discord.guild.createChannel({ threadOf: parent }), text)
  })

  it.each([true, false])('a locked thread: it has to be unlocked first (archived: %s)', async (isArchived) => {
    const sandbox = await testSandbox({ environment })
    const locked = thread(sandbox)
    locked.setLocked(true)
    if (isArchived) locked.archive()
    await expectRefusedAtOnce(sandbox, locked, 'This thread is locked. Ask a moderator to unlock it, or use another channel.')
  })
})

describe('what no permission tells is proven by an edit, before any money is reserved', () => {
  it('a private thread without the bot', async () => {
    const sandbox = await testSandbox({ environment })
    const { applicationId } = sandbox.discord
    const text = `The bot isn't in this private thread. Mention <@${applicationId}> here to add it, or use another channel.`
    await expectRefused(sandbox, privateThread(sandbox), text)
    expect(sandbox.discord.requests.filter(({ status }) => status >= 400)).toMatchObject([proofs])
  })

  it.each([
    ['private', 50083, 'This thread is archived. Post a message to reopen it, then try again.'],
    ['private', 160005, 'This thread is archived. Post a message to reopen it, then try again.'],
    ['locked', 50083, 'This thread is locked. Ask a moderator to unlock it, or use another channel.'],
    ['locked', 50001, "The bot can't post in this channel. Ask a moderator to check its permissions, or use another channel."],
    ['locked', 50013, "The bot can't post in this channel. Ask a moderator to check its permissions, or use another channel."],
    ['locked', 10003, "The bot can't post in this channel. Ask a moderator to check its permissions, or use another channel."],
  ] as const)('a %s thread that looks usable, where Discord answers %i', async (kind, code, text) => {
    const sandbox = await testSandbox({ environment })
    const usable = kind === 'private' ? joinedThread(sandbox) : moderatedThread(sandbox)
    sandbox.discord.faults.failNext(proofs, refused(403, code))
    await expectRefused(sandbox, usable, text)
  })

  it('a refusal for another reason is told in such a thread, too', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, GUILD_BUDGET_DAY_USD: '0.34' } })
    const interaction = await film(sandbox, 'a boat', { channel: joinedThread(sandbox) })
    expect((await interaction.followUp()).text).toMatch(/daily budget has \$0\.34 left/)
    await interaction.replyDeleted()
    expect(sandbox.discord.requests.filter(({ status }) => status >= 400)).toEqual([])
    expectNothingReserved(sandbox)
  })
})

describe('a fault of Discord during the proof refuses nothing', () => {
  it.each([
    ['update_message', 'reset'],
    ['update_message', { status: 503, body: {} }],
    ['update_message', { status: 404, body: { message: 'Unknown Message', code: 10008 } }],
    ['update_original_webhook_message', { status: 503, body: {} }],
  ] as const)('%s: %j', async (operation, fault) => {
    const sandbox = await testSandbox({ environment })
    const channel = joinedThread(sandbox)
    sandbox.discord.faults.failNext({ operation }, fault, { times: 2 })
    await renderingClip(sandbox, { channel })
    expect(countRows(sandbox, 'generations')).toBe(1)
  })
})

describe('the proof', () => {
  it('is left out where the permissions tell all', async () => {
    const sandbox = await testSandbox({ environment })
    const { guild } = sandbox.discord
    const [forum, announcements] = [guild.createChannel({ kind: 'forum' }), guild.createChannel({ kind: 'announcement' })]
    const channels = [
      guild.channel,
      announcements,
      guild.createChannel({ kind: 'voice' }),
      guild.createChannel({ kind: 'stage' }),
      ...[guild.channel, announcements, forum].map((threadOf) => guild.createChannel({ threadOf })),
    ]
    sandbox.providers.fal.jobs.hold('completion')
    for (const channel of channels) await (await film(sandbox, 'a boat', { channel })).reply(says(/Rendering|Queued/))
    expect(countProofs(sandbox)).toBe(0)
  })
})
