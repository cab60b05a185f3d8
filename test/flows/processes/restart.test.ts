import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import { Gateway } from '../../../sandbox/discord/gateway/gateway.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { startBot } from '../../../src/main.ts'
import { startBotProcess } from '../../support/bot/bot-process.ts'
import { botSettingsFor } from '../../support/bot/bot-settings.ts'
import { openGate } from '../../support/network/gate.ts'
import { outcomeCard } from '../../support/sandbox/outcome-card.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { countRows, readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CONCURRENCY: '1', FAL_CREATES_PER_MINUTE: '1000' }
const film = ({ discord }: TestSandbox, prompt = 'a boat') => discord.member.run('film', { prompt })
const uploads = { method: 'PATCH', when: ({ files }: { files: unknown[] }) => files.length > 0 }

/** One clip in one message, from one create call, paid once. */
async function expectOnce(sandbox: TestSandbox, interaction: Interaction): Promise<void> {
  const card = await outcomeCard(interaction)
  await sandbox.stopBot()
  expect(sandbox.discord.guild.channel.messages().map(({ id }) => id)).toEqual([card.id])
  expect(card.attachments).toHaveLength(1)
  expect(sandbox.providers.fal.requests.count('create')).toBe(1)
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'done', attempts: 1, ledger: 'reserve capture' })
  expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, invoiced: 350_000, reserved: 0, equal: true })
}

describe('a clean stop and a restart', () => {
  it('while one clip is rendering and another is queued', async () => {
    const sandbox = await testSandbox({ environment })
    const { jobs, requests } = sandbox.providers.fal
    jobs.hold('completion')
    const first = await film(sandbox, 'the first')
    await jobs.reached('running')
    const second = await film(sandbox, 'the second')
    await second.reply((message) => message.text.includes('Queued'))
    await sandbox.stopBot()
    await sandbox.startBot()
    jobs.release('completion')
    await Promise.all([finishedCard(first), finishedCard(second)])
    await sandbox.stopBot()
    expect(requests.count('create')).toBe(2)
    for (const interaction of [first, second]) expect(readGeneration(sandbox, interaction)).toMatchObject({ ledger: 'reserve capture' })
    expect(await reconcile(sandbox)).toMatchObject({ spent: 700_000, invoiced: 700_000, equal: true })
  })

  it('during the create call: its answer is awaited', async () => {
    const sandbox = await testSandbox({ environment })
    await sandbox.stopBot()
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    gate.hold()
    const bot = await startBot(botSettingsFor(sandbox, { queue: gate.origin }))
    const interaction = await film(sandbox)
    await gate.answered
    const stopped = bot.stop()
    gate.release()
    await stopped
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'rendering', attempts: 1, ledger: 'reserve' })
    await sandbox.startBot()
    await expectOnce(sandbox, interaction)
  })

  it('during a create call without an answer in time: the clip is held, and not made again', async () => {
    const sandbox = await testSandbox({ environment })
    await sandbox.stopBot()
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    gate.hold()
    const bot = await startBot(botSettingsFor(sandbox, { queue: gate.origin, environment: { STOP_GRACE_SECONDS: '0' } }))
    const interaction = await film(sandbox)
    await gate.answered
    await bot.stop()
    await sandbox.startBot()
    expect((await outcomeCard(interaction)).text).toMatch(/\*\*On hold\*\*.*\$0\.35 stays reserved/s)
    await expectHeldForGood(sandbox, interaction)
  })

  it('while Discord rejects the clip', async () => {
    const sandbox = await testSandbox({ environment, clock: createClock(10) })
    sandbox.discord.faults.failNext(uploads, { status: 503, body: {} }, { times: Infinity })
    const interaction = await film(sandbox)
    await sandbox.discord.request({ ...uploads, when: ({ files, status }) => files.length > 0 && status === 503 })
    await sandbox.stopBot()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'delivering', ledger: 'reserve capture' })
    sandbox.discord.faults.clear()
    await sandbox.startBot()
    await expectOnce(sandbox, interaction)
  })
})

/** The next clip is made; the held one is not requested again. */
async function expectHeldForGood(sandbox: TestSandbox, interaction: Interaction): Promise<void> {
  await finishedCard(await film(sandbox, 'the next one'))
  await sandbox.stopBot()
  expect(sandbox.providers.fal.requests.count('create')).toBe(2)
  expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'held', attempts: 1, ledger: 'reserve hold' })
  expect(await reconcile(sandbox)).toMatchObject({ spent: 350_000, reserved: 350_000, invoiced: 700_000 })
}

describe('a bot that is killed', () => {
  it('during the create call: the clip is held, and not made again', async () => {
    const sandbox = await testSandbox({ environment })
    await sandbox.stopBot()
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    gate.hold()
    const bot = await startBotProcess(botSettingsFor(sandbox, { queue: gate.origin }))
    const interaction = await film(sandbox)
    await gate.answered
    await bot.kill()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'submitting', attempts: 1, ledger: 'reserve' })
    await sandbox.startBot()
    expect((await outcomeCard(interaction)).text).toContain('**On hold**')
    await expectHeldForGood(sandbox, interaction)
  })

  it('during the render: the next bot posts it', async () => {
    const sandbox = await testSandbox({ environment })
    await sandbox.stopBot()
    sandbox.providers.fal.jobs.hold('completion')
    const bot = await startBotProcess(botSettingsFor(sandbox))
    const interaction = await film(sandbox)
    await interaction.reply((message) => message.text.includes('Rendering'))
    await bot.kill()
    sandbox.providers.fal.jobs.release('completion')
    await sandbox.startBot()
    await expectOnce(sandbox, interaction)
  })

  it('in the middle of the upload: the same message gets the clip', async () => {
    const sandbox = await testSandbox({ environment })
    await sandbox.stopBot()
    const upload = sandbox.discord.faults.hold(uploads)
    const bot = await startBotProcess(botSettingsFor(sandbox))
    const interaction = await film(sandbox)
    await upload.arrived
    await bot.kill()
    expect(readGeneration(sandbox, interaction)).toMatchObject({ state: 'delivering', ledger: 'reserve capture' })
    sandbox.discord.faults.failNext(uploads, 'reset')
    upload.release()
    await sandbox.startBot()
    await expectOnce(sandbox, interaction)
  })
})

it('an interaction that Discord delivers twice is one request', async () => {
  const sandbox = await testSandbox({ environment })
  const { gateway } = sandbox.discord
  if (!(gateway instanceof Gateway)) expect.unreachable('the local Discord hands out another gateway')
  const dispatch = gateway.dispatch.bind(gateway)
  gateway.dispatch = (...event) => {
    dispatch(...event)
    return dispatch(...event)
  }
  await expectOnce(sandbox, await film(sandbox))
  expect(countRows(sandbox, 'generations')).toBe(1)
  expect(sandbox.discord.requests.filter(({ path }) => path.endsWith('/callback')).map(({ status }) => status)).toContain(400)
})
