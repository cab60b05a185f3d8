import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import type { Interaction } from '../../../sandbox/discord/people/interaction.ts'
import type { ShownMessage } from '../../../sandbox/discord/people/shown-message.ts'
import { botSettingsFor } from '../../support/bot/bot-settings.ts'
import { expectPaidOnce, film, quarterHour, renderingClip, says, until } from '../../support/sandbox/clip-steps.ts'
import { temporaryFolder } from '../../support/store/database.ts'
import { openGate } from '../../support/network/gate.ts'
import { type StartedProcess, startProcess } from '../../support/bot/process.ts'
import { finishedCard, type TestSandbox, testSandbox } from '../../support/sandbox/sandbox.ts'
import { readGeneration } from '../../support/store/store-reader.ts'

const environment = { PROVIDERS: 'fal', FAL_CREATES_PER_MINUTE: '1000' }

type Recorded = TestSandbox['discord']['requests'][number]
const isUpload = ({ method, path, files }: Recorded) => method === 'PATCH' && path.includes('/messages/') && files.length > 0
const byBotToken = { when: ({ authorization }: Recorded) => authorization === 'bot' }
const unauthorized = { status: 401, body: { message: '401: Unauthorized', code: 0 } }

describe('`npm start` as a process', () => {
  /** The real start over the sandbox's store; its own bot is stopped first. */
  async function spawnStart(sandbox: TestSandbox, options: Parameters<typeof botSettingsFor>[1] = {}): Promise<StartedProcess> {
    await sandbox.stopBot()
    const { environment: variables, origins } = botSettingsFor(sandbox, {
      ...options,
      environment: { LOG_LEVEL: 'error', ...options.environment },
    })
    const preload = fileURLToPath(new URL('../../support/bot/local-origins.ts', import.meta.url))
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

  async function startProgram(sandbox: TestSandbox, options?: Parameters<typeof botSettingsFor>[1]): Promise<StartedProcess> {
    const started = await spawnStart(sandbox, options)
    await started.says(/Rushes is running/)
    return started
  }

  it('exits with 0 on SIGTERM, and the next start resumes its work', async () => {
    const sandbox = await testSandbox({ environment })
    const bot = await startProgram(sandbox)
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

  it('exits at once on a second signal', async () => {
    const sandbox = await testSandbox({ environment })
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    gate.hold()
    const bot = await startProgram(sandbox, { queue: gate.origin, environment: { STOP_GRACE_SECONDS: '600' } })
    await film(sandbox)
    await gate.answered
    bot.signal('SIGTERM')
    await bot.says(/Rushes is stopping/)
    bot.signal('SIGTERM')
    expect((await bot.ended).code).toBe(1)
  })

  it('waits for a create call no longer than the grace period', async () => {
    const sandbox = await testSandbox({ environment })
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    gate.hold()
    const bot = await startProgram(sandbox, { queue: gate.origin, environment: { STOP_GRACE_SECONDS: '0' } })
    await film(sandbox)
    await gate.answered
    bot.signal('SIGINT')
    expect((await bot.ended).code).toBe(0)
  })

  it('exits with 1 and a clear message once Discord refuses the bot token', async () => {
    const sandbox = await testSandbox({ environment })
    const bot = await startProgram(sandbox)
    const { interaction, card } = await renderingClip(sandbox)
    sandbox.discord.faults.failNext(byBotToken, unauthorized, { times: Infinity })
    sandbox.discord.clock.advance(quarterHour + 1000)
    sandbox.providers.fal.jobs.release('completion')
    const { code, output } = await bot.ended
    expect(code).toBe(1)
    expect(output).toMatch(/Rushes has to stop: Discord rejected DISCORD_TOKEN/)
    expect(output).not.toContain(sandbox.discord.botToken)
    // With a valid token the clip is posted in its card after all.
    sandbox.discord.faults.clear()
    await sandbox.startBot()
    expect((await finishedCard(interaction)).id).toBe(card.id)
    await expectPaidOnce(sandbox, interaction)
  })

  it('exits with 1 and the same message if Discord refuses the token from the start', async () => {
    const sandbox = await testSandbox({ environment })
    await expect(startProgram(sandbox, { environment: { DISCORD_TOKEN: 'a-token-that-nobody-has-given-out' } })).rejects.toThrow(
      /Discord rejected DISCORD_TOKEN/,
    )
  })

  it('waits for a create call when its token is refused, even if a signal arrives meanwhile, and exits with 1', async () => {
    const sandbox = await testSandbox({ environment })
    const { bot, gate, created, refuse } = await deliveringAndCreating(sandbox)
    refuse()
    await bot.says(/Discord rejected DISCORD_TOKEN/)
    bot.signal('SIGTERM')
    await bot.says(/Rushes is stopping/)
    await expectCreateStored(gate, bot, sandbox, created)
  })

  it('waits for a create call when its token is refused during a stop, and exits with 1', async () => {
    const sandbox = await testSandbox({ environment })
    const { bot, gate, created, refuse } = await deliveringAndCreating(sandbox)
    bot.signal('SIGTERM')
    await bot.says(/Rushes is stopping/)
    refuse()
    await bot.says(/Discord rejected DISCORD_TOKEN/)
    await expectCreateStored(gate, bot, sandbox, created)
  })

  /** One clip is being uploaded by bot token; the create call of another has reached the provider, but its answer is kept back. */
  async function deliveringAndCreating(sandbox: TestSandbox) {
    const gate = await openGate(sandbox.providers.fal.origins.queue)
    const bot = await startProgram(sandbox, { queue: gate.origin })
    await renderingClip(sandbox)
    sandbox.discord.clock.advance(quarterHour + 1000)
    const upload = sandbox.discord.faults.hold({ when: (request) => isUpload(request) && request.authorization === 'bot' })
    sandbox.providers.fal.jobs.release('completion')
    await upload.arrived
    gate.hold()
    const created = await film(sandbox, 'another boat')
    await gate.answered
    const refuse = () => {
      sandbox.discord.faults.failNext(byBotToken, unauthorized, { times: Infinity })
      upload.release()
    }
    return { bot, gate, created, refuse }
  }

  /** The provider's answer is still stored, so the next start watches that job. */
  async function expectCreateStored(gate: { release: () => void }, bot: StartedProcess, sandbox: TestSandbox, created: Interaction) {
    gate.release()
    const { code, output } = await bot.ended
    expect(code).toBe(1)
    expect(output).toMatch(/Rushes has to stop: Discord rejected DISCORD_TOKEN/)
    sandbox.discord.faults.clear()
    expect(readGeneration(sandbox, created)).toMatchObject({ state: 'rendering' })
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
      'failure',
      (sandbox) => ({
        interaction: film(sandbox, 'a boat sandbox:failed'),
        limited: ({ body }) => JSON.stringify(body ?? '').includes('Failed'),
      }),
      says(/Failed/),
    ],
  ])('does not wait for the hour after which Discord would accept a %s', async (_what, ask, shown) => {
    const sandbox = await testSandbox({ environment })
    const bot = await startProgram(sandbox, { environment: { STOP_GRACE_SECONDS: '1' } })
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

  it('exits with 0 on a signal during its start', async () => {
    const sandbox = await testSandbox({ environment })
    await sandbox.stopBot()
    const commands = sandbox.discord.faults.hold({ method: 'GET', path: /^\/applications\/\d+\/commands$/ })
    const bot = await spawnStart(sandbox)
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
