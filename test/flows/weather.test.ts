import { describe, expect, it } from 'vitest'

import { reconcile } from '../../sandbox/reconciliation.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../sandbox/discord/people/shown-message.ts'
import { type Clock, createClock } from '../../src/lib/clock.ts'
import { endedCard, finishedCard, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { countRows, readDayWallet, readGeneration } from '../support/store-reader.ts'

const minute = 60_000
const quarterHour = 15 * minute
const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

type Recorded = TestSandbox['discord']['requests'][number]
const isEdit = ({ method, path }: Recorded) => method === 'PATCH' && path.includes('/messages/')
const edits = { when: (request: Recorded) => isEdit(request) && request.files.length === 0 }
const uploads = { when: (request: Recorded) => isEdit(request) && request.files.length > 0 }
const creates = { operation: 'create_message' }

const film = ({ discord }: TestSandbox, prompt = 'a boat') => discord.member.run('film', { prompt })
const says = (words: RegExp) => (message: ShownMessage) => words.test(message.text)

/** A clip that the provider has begun and will not finish before `jobs.release`. */
async function renderingClip(sandbox: TestSandbox): Promise<{ interaction: Interaction; card: ShownMessage }> {
  sandbox.providers.fal.jobs.hold('completion')
  const interaction = await film(sandbox)
  return { interaction, card: await interaction.reply(says(/Rendering/)) }
}

async function expectPaidOnce(sandbox: TestSandbox, interaction: Interaction): Promise<void> {
  await sandbox.stopBot()
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', ledger: 'reserve capture' })
  expect(await reconcile(sandbox)).toMatchObject({ reserved: 0, equal: true })
  expect(sandbox.discord.responseProblems).toEqual([])
}

/** The wall, as long as nobody sets it forward; what sleeps sleeps by the wall. */
function adjustableClock(): Clock & { advance(milliseconds: number): void } {
  const wall = createClock()
  let offset = 0
  return { now: () => wall.now() + offset, sleep: wall.sleep.bind(wall), advance: (milliseconds) => void (offset += milliseconds) }
}

describe('a card’s edits', () => {
  it('that have to wait an hour do not keep the clip waiting', async () => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.rateLimitNext(edits, 3600, Infinity)
    const interaction = await film(sandbox)
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
  })

  it('that meet faults of Discord’s are made again, so that whoever waits in the queue does not read “thinking…”', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, FAL_CONCURRENCY: '1' }, clock: createClock(10) })
    const { interaction } = await renderingClip(sandbox)
    sandbox.discord.faults.failNext(edits, { status: 503, body: {} }, { times: 4 })
    const waiting = await film(sandbox, 'another boat')
    await waiting.reply(says(/Queued.*next/s))
    sandbox.providers.fal.jobs.release('completion')
    await Promise.all([finishedCard(interaction), finishedCard(waiting)])
    await expectPaidOnce(sandbox, waiting)
  })

  it('go out one at a time, and the clip comes right after the one under way', async () => {
    const sandbox = await testSandbox({ environment, clock: createClock(20) })
    const { discord, providers } = sandbox
    const { interaction } = await renderingClip(sandbox)
    const held = discord.faults.hold(edits)
    await held.arrived
    const before = discord.requests.length
    providers.fal.jobs.release('completion')
    await providers.fal.jobs.reached('succeeded')
    await until(() => readGeneration(sandbox, interaction).state === 'delivering')
    expect(discord.requests.filter((request) => isEdit(request) && request.status === 0)).toHaveLength(1)
    held.release()
    await finishedCard(interaction)
    expect(discord.requests.slice(before).filter(isEdit)[0]?.files).toHaveLength(1)
    await expectPaidOnce(sandbox, interaction)
  })
})

describe('the gateway in mid-job', () => {
  it.each<[string, (sandbox: TestSandbox) => void, { identifies: number; resumes: number }]>([
    ['breaks off: the session is resumed', ({ discord }) => discord.gateway.cut(), { identifies: 1, resumes: 1 }],
    ['asks to reconnect: the session is resumed', ({ discord }) => discord.gateway.askReconnect(), { identifies: 1, resumes: 1 }],
    ['ends the session: the bot identifies anew', ({ discord }) => discord.gateway.invalidateSessions(), { identifies: 2, resumes: 0 }],
  ])('%s, and the clip is posted', async (_case, disturb, expected) => {
    const sandbox = await testSandbox({ environment })
    const { gateway } = sandbox.discord
    const { interaction } = await renderingClip(sandbox)
    disturb(sandbox)
    await until(() => gateway.identifies + gateway.resumes === 2 && gateway.connected)
    expect({ identifies: gateway.identifies, resumes: gateway.resumes }).toEqual(expected)
    sandbox.providers.fal.jobs.release('completion')
    await finishedCard(interaction)
    // The new connection brings commands, too.
    const next = await film(sandbox, 'another boat')
    await finishedCard(next)
    await expectPaidOnce(sandbox, next)
  })
})

describe('a clip whose card is gone and whose token is over', () => {
  async function lateAndDeleted(sandbox: TestSandbox): Promise<{ interaction: Interaction; card: ShownMessage }> {
    const { interaction, card } = await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour + 1000)
    sandbox.discord.deleteMessage(card.id)
    return { interaction, card }
  }

  it('is announced small first; a bot that dies before the upload goes on with that very message', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, STOP_GRACE_SECONDS: '0' } })
    const { interaction, card } = await lateAndDeleted(sandbox)
    const upload = sandbox.discord.faults.hold({
      when: (request) => uploads.when(request) && request.authorization === 'bot' && !request.path.endsWith(card.id),
    })
    sandbox.providers.fal.jobs.release('completion')
    const small = await sandbox.discord.guild.channel.message(says(/is posting it here/))
    expect(small).toMatchObject({ attachments: [], notified: [sandbox.discord.member.id] })
    await upload.arrived
    await sandbox.stopBot()
    sandbox.discord.faults.clear()
    await sandbox.startBot()
    const posted = await sandbox.discord.guild.channel.message(({ attachments }) => attachments.length > 0)
    expect(posted.id).toBe(small.id)
    await expectPaidOnce(sandbox, interaction)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
    expect(sandbox.discord.requests.filter(({ operation }) => operation === 'create_message')).toHaveLength(1)
  })

  it('is not announced twice where the answer to the small message was lost', async () => {
    const sandbox = await testSandbox({ environment, clock: createClock(10) })
    const { interaction } = await lateAndDeleted(sandbox)
    sandbox.discord.faults.failNext(creates, 'reset', { moment: 'after' })
    sandbox.providers.fal.jobs.release('completion')
    await sandbox.discord.guild.channel.message(({ attachments }) => attachments.length > 0)
    await expectPaidOnce(sandbox, interaction)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
  })
})

it('a failed request whose card is gone and whose token is over is told of in a message of its own', async () => {
  const sandbox = await testSandbox({ environment })
  const { discord, providers } = sandbox
  providers.fal.jobs.hold('completion')
  const interaction = await film(sandbox, 'a boat sandbox:failed')
  const card = await interaction.reply(says(/Rendering/))
  discord.clock.advance(quarterHour + 1000)
  discord.deleteMessage(card.id)
  providers.fal.jobs.release('completion')
  const told = await discord.guild.channel.message(says(/Failed.*No charge\./s))
  expect(told.notified).toEqual([discord.member.id])
  await sandbox.stopBot()
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'failed', ledger: 'reserve release' })
  expect(discord.guild.channel.messages()).toHaveLength(1)
  expect(discord.responseProblems).toEqual([])
})

it('a clip that was posted just before a crash is found again, and not fetched a second time', async () => {
  const sandbox = await testSandbox({ environment: { ...environment, STOP_GRACE_SECONDS: '0' }, clock: createClock(10) })
  const { discord, providers } = sandbox
  // Discord takes the clip, but its answers are lost until the bot is gone.
  discord.faults.failNext(uploads, 'reset', { moment: 'after', times: Infinity })
  const interaction = await film(sandbox)
  await finishedCard(interaction)
  await sandbox.stopBot()
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'delivering' })
  discord.faults.clear()
  providers.fal.faults.add({ kind: 'output-gone', route: 'output', times: Infinity })
  const before = discord.requests.length
  await sandbox.startBot()
  await until(() => readGeneration(sandbox, interaction).state === 'done')
  expect(discord.requests.slice(before).filter(isEdit)).toEqual([])
  expect(interaction.currentReply()?.attachments).toHaveLength(1)
  await expectPaidOnce(sandbox, interaction)
})

it('a clip that was posted just before a crash is not refunded while Discord does not show it', async () => {
  const sandbox = await testSandbox({ environment: { ...environment, STOP_GRACE_SECONDS: '0' }, clock: createClock(20) })
  const { discord, providers } = sandbox
  discord.faults.failNext(uploads, 'reset', { moment: 'after', times: Infinity })
  const interaction = await film(sandbox)
  await finishedCard(interaction)
  await sandbox.stopBot()
  discord.faults.clear()
  providers.fal.faults.add({ kind: 'output-gone', route: 'output', times: Infinity })
  const looks = { when: ({ method, path }: Recorded) => method === 'GET' && path.includes('/messages/') }
  discord.faults.failNext(looks, { status: 503, body: {} }, { times: 6 })
  await sandbox.startBot()
  await until(() => readGeneration(sandbox, interaction).state !== 'delivering')
  expect(interaction.currentReply()?.attachments).toHaveLength(1)
  await expectPaidOnce(sandbox, interaction)
})

describe('what the bot may not do in a channel', () => {
  it.each([
    ['View Channel', ['SendMessages', 'AttachFiles', 'ReadMessageHistory']],
    ['Send Messages', ['ViewChannel', 'AttachFiles', 'ReadMessageHistory']],
    ['Attach Files', ['ViewChannel', 'SendMessages', 'ReadMessageHistory']],
    ['Read Message History', ['ViewChannel', 'SendMessages', 'AttachFiles']],
  ] as const)('%s: is said before a cent is set aside', async (missing, permissions) => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.guild.channel.setBotPermissions(permissions)
    const interaction = await film(sandbox)
    const refusal = await interaction.reply()
    expect(refusal).toMatchObject({ ephemeral: true })
    expect(refusal.text).toContain(`**${missing}**`)
    expect(countRows(sandbox, 'generations')).toBe(0)
    expect(readDayWallet(sandbox)).toEqual({ reserved: 0, spent: 0 })
  })
})

describe('an acknowledgement', () => {
  const callbacks = { operation: 'create_interaction_response' }
  it.each(['before', 'after'] as const)('whose connection breaks %s it arrived is made again, and the clip comes', async (moment) => {
    const sandbox = await testSandbox({ environment })
    sandbox.discord.faults.failNext(callbacks, 'reset', { moment })
    const interaction = await film(sandbox)
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
    expect(sandbox.discord.guild.channel.messages()).toHaveLength(1)
  })
})

describe('a line', () => {
  it('moves on the cards of those who wait', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, FAL_CONCURRENCY: '1' }, clock: createClock(10) })
    const { interaction } = await renderingClip(sandbox)
    const second = await film(sandbox, 'the second')
    await second.reply(says(/Next in the queue\./))
    const third = await film(sandbox, 'the third')
    const waiting = await third.reply(says(/1 clip ahead/))
    await sandbox.discord.member.press(await second.reply(), 'Cancel')
    await third.reply(says(/Next in the queue\./))
    expect(waiting.text).toMatch(/Requested <t:\d+:R>/)
    sandbox.providers.fal.jobs.release('completion')
    await Promise.all([finishedCard(interaction), finishedCard(third)])
    await expectPaidOnce(sandbox, third)
  })

  it('gives up what waited for an hour, says so, and keeps no money', async () => {
    const clock = adjustableClock()
    const sandbox = await testSandbox({ environment: { ...environment, FAL_CONCURRENCY: '1', RENDER_DEADLINE_MINUTES: '600' }, clock })
    const { interaction } = await renderingClip(sandbox)
    const waiting = await film(sandbox, 'another boat')
    await waiting.reply(says(/Next in the queue/))
    clock.advance(61 * minute)
    const card = await endedCard(waiting, /Failed.*waited too long in the queue.*No charge\./s)
    expect(card.text).not.toContain('another boat')
    expect(readGeneration(sandbox, waiting)).toMatchObject({ state: 'failed', endReason: 'queue-overdue', ledger: 'reserve release' })
    sandbox.providers.fal.jobs.release('completion')
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
  })
})

describe('a render past its deadline', () => {
  it.each([
    ['fal', 'FAL'],
    ['replicate', 'REPLICATE'],
  ] as const)('is held at %s, and delivered once the provider has it after all', async (id, capital) => {
    const clock = adjustableClock()
    const sandbox = await testSandbox({
      environment: { PROVIDERS: id, [`${capital}_CREATES_PER_MINUTE`]: '1000', RENDER_DEADLINE_MINUTES: '5' },
      clock,
    })
    const { jobs } = sandbox.providers[id]
    jobs.hold('completion')
    const interaction = await film(sandbox)
    await interaction.reply(says(/Rendering/))
    clock.advance(6 * minute)
    await endedCard(interaction, /On hold.*taking longer than usual/s)
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'held', ledger: 'reserve hold' })
    jobs.release('completion')
    await jobs.reached('succeeded')
    clock.advance(6 * minute)
    await interaction.reply(({ attachments }) => attachments.length > 0)
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', attempts: 1, ledger: 'reserve hold capture' })
    expect(await reconcile(sandbox)).toMatchObject({ reserved: 0, equal: true })
  })

  it('is held and released once the provider says that it failed', async () => {
    const clock = adjustableClock()
    const sandbox = await testSandbox({ environment: { ...environment, RENDER_DEADLINE_MINUTES: '5' }, clock })
    const { jobs } = sandbox.providers.fal
    jobs.hold('completion')
    const interaction = await film(sandbox, 'a boat sandbox:failed')
    await interaction.reply(says(/Rendering/))
    clock.advance(6 * minute)
    await endedCard(interaction, /On hold/)
    jobs.release('completion')
    await jobs.reached('failed')
    clock.advance(6 * minute)
    await endedCard(interaction, /Failed/)
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'failed', ledger: 'reserve hold release' })
  })
})

it('an end that Discord would not show is told once it does, also after a restart, and in private once', async () => {
  const clock = adjustableClock()
  const sandbox = await testSandbox({ environment, clock })
  const ends = { when: ({ body }: Recorded) => JSON.stringify(body ?? '').includes('Failed') }
  sandbox.discord.faults.failNext(ends, { status: 503, body: {} }, { times: Infinity })
  const interaction = await film(sandbox, 'a boat sandbox:failed')
  await interaction.reply()
  await until(() => readGeneration(sandbox, interaction).state === 'failed')
  await sandbox.stopBot()
  sandbox.discord.faults.clear()
  await sandbox.startBot()
  await endedCard(interaction, /Failed/)
  await interaction.followUp(({ ephemeral }) => ephemeral)
  clock.advance(10 * minute)
  await finishedCard(await film(sandbox, 'another boat'))
  expect(interaction.followUps()).toHaveLength(1)
  expect(readGeneration(sandbox, interaction)).toMatchObject({ ledger: 'reserve release' })
})

/** Looks again at each turn of the event loop; the test's own limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}
