import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { inspectClip } from '../../../sandbox/clips/inspect-clip.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { startBot } from '../../../src/main.ts'
import { providerDescriptors } from '../../../src/providers/registry.ts'
import { hasPostgres, emptyPostgres } from '../../storage/stores.ts'
import { botSettingsFor } from '../../support/bot/bot-settings.ts'
import { temporaryFolder } from '../../support/store/database.ts'
import { freePort } from '../../support/network/free-ports.ts'
import { startProcess } from '../../support/bot/process.ts'
import { testSandbox } from '../../support/sandbox/sandbox.ts'

const token = 'a-token-that-nobody-has-given-out'
const key = 'a-key-that-nobody-has-given-out'

function start(environment: Record<string, string>, node?: string) {
  return startProcess('start.mjs', [], { environment, node, folder: temporaryFolder() })
}

describe('an incomplete configuration exits with 1 and says what is missing', () => {
  it.each<[string, Record<string, string>, RegExp[], RegExp[]]>([
    [
      'a token without a key',
      { DISCORD_TOKEN: token },
      [/No provider key is set.*FAL_KEY, REPLICATE_API_TOKEN/],
      [/DISCORD_TOKEN is missing/],
    ],
    ['a key without a token', { FAL_KEY: key }, [/DISCORD_TOKEN is missing: the bot signs in to Discord/], [/No provider key/]],
    ['live by word alone', { MODE: 'live' }, [/DISCORD_TOKEN is missing/, /No provider key is set/], []],
    [
      'an amount that is none',
      { DISCORD_TOKEN: token, FAL_KEY: key, BUDGET_DAY_USD: 'plenty' },
      [/BUDGET_DAY_USD is an amount/],
      [/plenty/],
    ],
    ['a mode that is none', { MODE: 'fast' }, [/MODE is "fast"/], []],
    ['a provider without its key', { DISCORD_TOKEN: token, FAL_KEY: key, PROVIDERS: 'replicate' }, [/REPLICATE_API_TOKEN is not set/], []],
  ])('%s', async (_, environment, said, unsaid) => {
    const { code, output } = await start(environment).ended
    expect(code).toBe(1)
    for (const words of [/Rushes cannot start yet/, ...said]) expect(output).toMatch(words)
    for (const words of unsaid) expect(output).not.toMatch(words)
    expect(output).not.toContain(token)
    expect(output).not.toContain(key)
  })
})

it('an old Node gets a message with the version that is needed', async (context) => {
  const old = findOldNode()
  if (!old) {
    process.stderr.write('SKIPPED: no Node older than 24 was found on PATH, so nobody has seen what start.mjs says under one\n')
    context.skip('no old Node on PATH')
    return
  }
  const { code, output } = await start({}, old).ended
  expect(code).toBe(1)
  expect(output).toMatch(/needs Node 24 or newer; this is Node \d+\./)
  expect(output).toMatch(/npm ci/)
  expect(output).not.toMatch(/SyntaxError|at .*:\d+:\d+/)
})

/** The first `node` on PATH that is older than 24; npm puts the project's own in front. */
function findOldNode(): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(':').map((folder) => join(folder, 'node'))
  return candidates
    .filter((path) => existsSync(path))
    .map((path) => realpathSync(path))
    .find((path) => Number(/^v(\d+)/.exec(execFileSync(path, ['--version']).toString())?.[1]) < 24)
}

it('without a configuration the sandbox starts, says what to type, makes that clip, and exits cleanly', async () => {
  // The providers use the ports from ten further on.
  const port = String(await freePort([10, 11, 12, 13, 14]))
  const sandbox = start({ SANDBOX_PORT: port, FAL_KEI: 'misspelt' })
  const greeting = await sandbox.says(/Press Ctrl\+C to stop/)
  expect(greeting).toContain('Nothing is configured, so this is the sandbox')
  expect(greeting).toMatch(/npm run try -- film "/)
  expect(greeting).toContain('FAL_KEI is set, but no such variable is read: FAL_KEY is probably meant.')
  expect(greeting).toContain(`http://127.0.0.1:${port}`)

  const folder = temporaryFolder()
  const attempt = startProcess('sandbox/try.ts', ['film', 'a paper boat'], { environment: { SANDBOX_PORT: port }, folder })
  const { code, output } = await attempt.ended
  expect(output).toMatch(/rushes-\w+\.mp4: \d+ bytes, saved/)
  expect(output).toContain('a paper boat')
  expect(code).toBe(0)
  const [clip = ''] = readdirSync(folder)
  expect(await inspectClip(readFileSync(join(folder, clip)))).toMatchObject({ codec: 'h264', pixelFormat: 'yuv420p' })

  sandbox.signal('SIGTERM')
  expect((await sandbox.ended).code).toBe(0)
})

it('`npm run try` without a sandbox says how to start one', async () => {
  const port = String(await freePort([]))
  const { code, output } = await startProcess('sandbox/try.ts', ['film', 'a boat'], {
    environment: { SANDBOX_PORT: port },
    folder: temporaryFolder(),
  }).ended
  expect(code).toBe(1)
  expect(output).toMatch(/No sandbox is running at .*npm start/)
})

it('`npm run try -- --live-check` explains how to prove a last frame at each real provider', async () => {
  const { code, output } = await startProcess('sandbox/try.ts', ['--live-check'], { environment: {}, folder: temporaryFolder() }).ended
  expect(code).toBe(0)
  for (const { name } of providerDescriptors) expect(output).toContain(name)
  expect(output).toMatch(/\$0\.35.*PROVIDERS.*BUDGET_DAY_USD.*last_image.*npm run ledger/s)
})

it.skipIf(!hasPostgres)('a worker starts although Discord fails for a moment', async () => {
  const url = await emptyPostgres()
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
  const who = { method: 'GET', path: /^\/applications\/@me$/ }
  sandbox.discord.faults.failNext(who, { status: 503, body: {} })
  sandbox.discord.faults.failNext(who, 'reset')
  const settings = botSettingsFor(sandbox, { environment: { PROVIDERS: 'fal', DATABASE_URL: url, ROLE: 'worker' } })
  const worker = await startBot({ ...settings, clock: createClock(20) })
  expect(worker.invitation).toContain(sandbox.discord.applicationId)
  await worker.stop()
})

it('a failed start does not prevent the next one', async () => {
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
  await sandbox.stopBot()
  const registering = { method: 'PUT', path: /^\/applications\/\d+\/commands$/ }
  sandbox.discord.faults.failNext(registering, { status: 403, body: { message: 'Missing Access', code: 50001 } }, { times: Infinity })
  const settings = botSettingsFor(sandbox, { environment: { PROVIDERS: 'fal' } })
  await expect(startBot({ ...settings, registerAtStart: true })).rejects.toThrow('Missing Access')
  sandbox.discord.faults.clear()
  await sandbox.startBot()
})

it('a bot starts although Discord does not list its commands', async () => {
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
  await sandbox.stopBot()
  const commands = { method: 'GET', path: /^\/applications\/\d+\/commands$/ }
  sandbox.discord.faults.failNext(commands, { status: 503, body: {} }, { times: Infinity })
  const bot = await startBot(botSettingsFor(sandbox, { environment: { PROVIDERS: 'fal' } }))
  expect(bot.invitation).toContain(sandbox.discord.applicationId)
  await bot.stop()
})

it('a bot that is stopped before it has started leaves nothing open', async () => {
  const sandbox = await testSandbox({ environment: { PROVIDERS: 'fal' } })
  await sandbox.stopBot()
  const before = sandbox.discord.gateway.identifies
  const reason = new Error('stopped by the test')
  const settings = botSettingsFor(sandbox, { environment: { PROVIDERS: 'fal' } })
  await expect(startBot({ ...settings, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  expect(sandbox.discord.gateway.identifies).toBe(before)
  await sandbox.startBot()
})
