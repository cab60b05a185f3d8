import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { reconcile } from '../../sandbox/reconciliation.ts'
import type { Interaction } from '../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../sandbox/discord/people/shown-message.ts'
import { type Bot, startBot } from '../../src/main.ts'
import { botSettingsFor } from '../support/bot-settings.ts'
import { temporaryFolder } from '../support/database.ts'
import { openGate } from '../support/gate.ts'
import { type StartedProcess, startProcess } from '../support/process.ts'
import { finishedCard, testImage, type TestSandbox, testSandbox } from '../support/sandbox.ts'
import { openSlowImage, type SlowImage } from '../support/slow-image.ts'
import { countRows, readGeneration } from '../support/store-reader.ts'

const quarterHour = 15 * 60_000
const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

type Recorded = TestSandbox['discord']['requests'][number]
const isUpload = ({ method, path, files }: Recorded) => method === 'PATCH' && path.includes('/messages/') && files.length > 0
const byBotToken = { when: ({ authorization }: Recorded) => authorization === 'bot' }
const unauthorized = { status: 401, body: { message: '401: Unauthorized', code: 0 } }

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

describe('a clean stop', () => {
  it('leaves cards that promise nothing, and the next start goes on', async () => {
    const sandbox = await testSandbox({ environment: { ...environment, FAL_CONCURRENCY: '1' } })
    const { interaction } = await renderingClip(sandbox)
    const waiting = await film(sandbox, 'another boat')
    await waiting.reply(says(/Next in the queue/))
    await sandbox.stopBot()
    expect(interaction.currentReply()?.text).toMatch(/Rendering.*is restarting.*resume automatically.*Requested <t:/s)
    expect(interaction.currentReply()?.text).not.toMatch(/ready/)
    expect(waiting.currentReply()?.text).toMatch(/Queued.*Next in the queue/s)
    await sandbox.startBot()
    await interaction.reply((message) => /Rendering/.test(message.text) && !/restarting/.test(message.text))
    sandbox.providers.fal.jobs.release('completion')
    await Promise.all([finishedCard(interaction), finishedCard(waiting)])
    await expectPaidOnce(sandbox, waiting)
  })
})

describe('a stop while an image is still on its way', () => {
  const oneAtATime = { ...environment, FAL_CONCURRENCY: '1' }

  /** One clip is being made, one waits for its turn, and a third one's image does not come. */
  async function waitingForImage(grace: string): Promise<{
    sandbox: TestSandbox
    bot: Bot
    image: SlowImage
    interactions: Record<'rendering' | 'waiting' | 'asking', Interaction>
  }> {
    const sandbox = await testSandbox({ environment: oneAtATime })
    await sandbox.stopBot()
    const bytes = await testImage()
    const slowImage = await openSlowImage(bytes)
    const { origins, ...settings } = botSettingsFor(sandbox, { environment: { ...oneAtATime, STOP_GRACE_SECONDS: grace } })
    const bot = await startBot({ ...settings, origins: { ...origins, discordMedia: [slowImage.origin] } })
    const { interaction: rendering } = await renderingClip(sandbox)
    const waiting = await film(sandbox, 'another boat')
    await waiting.reply(says(/Next in the queue/))
    const image = { name: 'picture.png', bytes, claims: { width: 640, height: 360, url: slowImage.url } }
    const asking = await sandbox.discord.member.run('animate', { image, prompt: 'it moves' })
    await slowImage.asked
    return { sandbox, bot, image: slowImage, interactions: { rendering, waiting, asking } }
  }

  it('ends, buys nothing more though there is room, and tells whoever asked in private', async () => {
    const { sandbox, bot, interactions } = await waitingForImage('0')
    const stopped = bot.stop()
    sandbox.providers.fal.jobs.release('completion')
    await stopped
    expect(sandbox.providers.fal.jobs.list()).toHaveLength(1)
    const answer = await interactions.asking.followUp()
    expect(answer).toMatchObject({ ephemeral: true })
    expect(answer.text).toContain('restarting')
    expect(interactions.asking.currentReply()).toBeUndefined()
    expect(countRows(sandbox, 'generations')).toBe(2)
    await sandbox.startBot()
    await Promise.all([finishedCard(interactions.rendering), finishedCard(interactions.waiting)])
    await expectPaidOnce(sandbox, interactions.waiting)
  })

  it('leaves what is accepted meanwhile in the queue for the next start', async () => {
    const { sandbox, bot, image, interactions } = await waitingForImage('30')
    const stopped = bot.stop()
    sandbox.providers.fal.jobs.release('completion')
    // Nobody watches the first one any more; else its end would make room, and the next one would be bought.
    await until(
      () => /is restarting/.test(interactions.rendering.currentReply()?.text ?? '') || sandbox.providers.fal.jobs.list().length > 1,
    )
    image.release()
    await stopped
    expect(sandbox.providers.fal.jobs.list()).toHaveLength(1)
    expect(readGeneration(sandbox, interactions.asking)).toMatchObject({ state: 'queued', attempts: 0 })
    expect(interactions.asking.currentReply()?.text).toMatch(/Queued/)
    await sandbox.startBot()
    await Promise.all(Object.values(interactions).map(finishedCard))
    await expectPaidOnce(sandbox, interactions.asking)
  })
})

it('a bot that is stopped turns away what still comes, in private', async () => {
  const sandbox = await testSandbox({ environment })
  await sandbox.stopBot()
  const gate = await openGate(sandbox.providers.fal.origins.queue)
  gate.hold()
  const bot = await startBot(botSettingsFor(sandbox, { queue: gate.origin }))
  const first = await film(sandbox)
  await gate.answered
  const stopped = bot.stop()
  await until(() => first.currentReply() !== undefined)
  const late = await film(sandbox, 'another boat')
  expect(await late.reply()).toMatchObject({ ephemeral: true })
  expect(late.currentReply()?.text).toContain('restarting')
  gate.release()
  await stopped
  expect(countRows(sandbox, 'generations')).toBe(1)
})

describe('`npm start` as a process', () => {
  /** The real start over the sandbox's store; its own bot is stopped first. */
  async function beginForReal(sandbox: TestSandbox, options: Parameters<typeof botSettingsFor>[1] = {}): Promise<StartedProcess> {
    await sandbox.stopBot()
    const { environment: variables, origins } = botSettingsFor(sandbox, {
      ...options,
      environment: { LOG_LEVEL: 'error', ...options.environment },
    })
    const preload = fileURLToPath(new URL('../support/local-origins.ts', import.meta.url))
    const started = startProcess('start.mjs', [], {
      environment: {
        ...(variables as Record<string, string>),
        TEST_ORIGINS: JSON.stringify(origins),
        NODE_OPTIONS: `--import=${preload}`,
      },
      folder: temporaryFolder(),
    })
    return started
  }

  async function startForReal(sandbox: TestSandbox, options?: Parameters<typeof botSettingsFor>[1]): Promise<StartedProcess> {
    const started = await beginForReal(sandbox, options)
    await started.says(/Rushes is running/)
    return started
  }

  it('ends with 0 on SIGTERM, and leaves what it did to the next one', async () => {
    const sandbox = await testSandbox({ environment })
    const bot = await startForReal(sandbox)
    const { interaction } = await renderingClip(sandbox)
    bot.signal('SIGTERM')
    const { code, output } = await bot.ended
    expect(code).toBe(0)
    expect(output).toContain('Rushes is stopping')
    expect(interaction.currentReply()?.text).toMatch(/is restarting/)
    sandbox.providers.fal.jobs.release('completion')
    await sandbox.startBot()
    await finishedCard(interaction)
    await expectPaidOnce(sandbox, interaction)
  })

  it('ends at once on a second signal, whatever it waits for', async () => {
    const sandbox = await testSandbox({ environment })
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    gate.hold()
    const bot = await startForReal(sandbox, { queue: gate.origin, environment: { STOP_GRACE_SECONDS: '600' } })
    await film(sandbox)
    await gate.answered
    bot.signal('SIGTERM')
    await bot.says(/Rushes is stopping/)
    bot.signal('SIGTERM')
    expect((await bot.ended).code).toBe(1)
  })

  it('waits no longer than it may for a create call', async () => {
    const sandbox = await testSandbox({ environment })
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    gate.hold()
    const bot = await startForReal(sandbox, { queue: gate.origin, environment: { STOP_GRACE_SECONDS: '0' } })
    await film(sandbox)
    await gate.answered
    bot.signal('SIGINT')
    expect((await bot.ended).code).toBe(0)
  })

  it('ends with 1 and a clear message once Discord refuses the bot token', async () => {
    const sandbox = await testSandbox({ environment })
    const bot = await startForReal(sandbox)
    const { interaction, card } = await renderingClip(sandbox)
    sandbox.discord.faults.failNext(byBotToken, unauthorized, { times: Infinity })
    sandbox.discord.clock.advance(quarterHour + 1000)
    sandbox.providers.fal.jobs.release('completion')
    const { code, output } = await bot.ended
    expect(code).toBe(1)
    expect(output).toMatch(/Rushes has to stop: Discord rejected DISCORD_TOKEN/)
    expect(output).not.toContain(sandbox.discord.botToken)
    // With a token that works the clip comes after all, where its card is.
    sandbox.discord.faults.clear()
    await sandbox.startBot()
    expect((await finishedCard(interaction)).id).toBe(card.id)
    await expectPaidOnce(sandbox, interaction)
  })

  it('ends with 1 and the same message where Discord refuses the token from the start', async () => {
    const sandbox = await testSandbox({ environment })
    await expect(startForReal(sandbox, { environment: { DISCORD_TOKEN: 'a-token-that-nobody-has-given-out' } })).rejects.toThrow(
      /Discord rejected DISCORD_TOKEN/,
    )
  })

  it('waits for a create call when its token is refused, also if a signal comes meanwhile, and still ends with 1', async () => {
    const sandbox = await testSandbox({ environment })
    const { bot, gate, bought, refuse } = await deliveringAndBuying(sandbox)
    refuse()
    await bot.says(/Discord rejected DISCORD_TOKEN/)
    bot.signal('SIGTERM')
    await bot.says(/Rushes is stopping/)
    await expectWaitsFor(gate, bot, sandbox, bought)
  })

  it('waits for a create call when its token is refused while it stops, and ends with 1', async () => {
    const sandbox = await testSandbox({ environment })
    const { bot, gate, bought, refuse } = await deliveringAndBuying(sandbox)
    bot.signal('SIGTERM')
    await bot.says(/Rushes is stopping/)
    refuse()
    await bot.says(/Discord rejected DISCORD_TOKEN/)
    await expectWaitsFor(gate, bot, sandbox, bought)
  })

  /** One clip is on its way to Discord by the bot token; for another one the provider was asked, but its answer is kept on the way back. */
  async function deliveringAndBuying(sandbox: TestSandbox) {
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    const bot = await startForReal(sandbox, { queue: gate.origin })
    await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour + 1000)
    const upload = sandbox.discord.faults.hold({ when: (request) => isUpload(request) && request.authorization === 'bot' })
    sandbox.providers.fal.jobs.release('completion')
    await upload.arrived
    gate.hold()
    const bought = await film(sandbox, 'another boat')
    await gate.answered
    const refuse = () => {
      sandbox.discord.faults.failNext(byBotToken, unauthorized, { times: Infinity })
      upload.release()
    }
    return { bot, gate, bought, refuse }
  }

  /** What the provider answers is still written down, so the next start watches that very job. */
  async function expectWaitsFor(gate: { release: () => void }, bot: StartedProcess, sandbox: TestSandbox, bought: Interaction) {
    gate.release()
    const { code, output } = await bot.ended
    expect(code).toBe(1)
    expect(output).toMatch(/Rushes has to stop: Discord rejected DISCORD_TOKEN/)
    sandbox.discord.faults.clear()
    expect(readGeneration(sandbox, bought)).toMatchObject({ state: 'rendering' })
  }

  it.each<
    [
      string,
      (sandbox: TestSandbox) => { interaction: Promise<Interaction>; limited: (request: Recorded) => boolean },
      (message: ShownMessage) => boolean,
    ]
  >([
    ['clip', (sandbox) => ({ interaction: film(sandbox), limited: isUpload }), ({ attachments }) => attachments.length > 0],
    [
      'last word',
      (sandbox) => ({
        interaction: film(sandbox, 'a boat sandbox:failed'),
        limited: ({ body }) => JSON.stringify(body ?? '').includes('Failed'),
      }),
      says(/Failed/),
    ],
  ])('does not wait for the hour after which Discord would take a %s', async (_what, ask, shown) => {
    const sandbox = await testSandbox({ environment })
    const bot = await startForReal(sandbox, { environment: { STOP_GRACE_SECONDS: '1' } })
    const { limited, interaction: asked } = ask(sandbox)
    sandbox.discord.faults.rateLimitNext({ when: limited }, 3600)
    const interaction = await asked
    await until(() => sandbox.discord.requests.some((request) => limited(request) && request.status === 429))
    bot.signal('SIGTERM')
    expect((await bot.ended).code).toBe(0)
    await sandbox.startBot()
    await interaction.reply(shown)
    await sandbox.stopBot()
    expect(await reconcile(sandbox)).toMatchObject({ reserved: 0, equal: true })
  })

  it('heeds a signal that comes while it still starts, and ends with 0', async () => {
    const sandbox = await testSandbox({ environment })
    await sandbox.stopBot()
    const commands = sandbox.discord.faults.hold({ method: 'GET', path: /^\/applications\/\d+\/commands$/ })
    const bot = await beginForReal(sandbox)
    await commands.arrived
    bot.signal('SIGTERM')
    const { code, output } = await bot.ended
    expect(code).toBe(0)
    expect(output).toContain('Rushes is stopping')
    expect(output).not.toMatch(/is running|cannot start/)
    commands.release()
    await sandbox.startBot()
    const next = await film(sandbox)
    await finishedCard(next)
    await expectPaidOnce(sandbox, next)
  })
})

/** Looks again at each turn of the event loop; the test's own limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 20))
}
