import { once } from 'node:events'
import { parseArgs } from 'node:util'

import { chooseMode, ConfigError } from './src/config/config.ts'
import { runHeld } from './src/cli/held.ts'
import { startBot } from './src/main.ts'
import { registerWithDiscord } from './src/cli/register.ts'
import { StoreLockedError } from './src/storage/sqlite/file-lock.ts'

/** `npm start`: nothing configured → the sandbox; configured → the bot; half configured → what is missing, and exit 1. */
async function start(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { register: { type: 'boolean' }, guild: { type: 'string' }, held: { type: 'boolean' } },
    allowPositionals: true,
  })
  if (values.register) {
    const names = await registerWithDiscord({ environment: process.env, guildId: values.guild })
    console.log(
      `Registered ${names.map((name) => `/${name}`).join(', ')} ${values.guild ? `in server ${values.guild}` : 'for every server'}.`,
    )
    return
  }
  if (values.held) {
    await runHeld(process.env, positionals, (line) => console.log(line))
    return
  }
  if (chooseMode(process.env) === 'sandbox') {
    const { runSandbox } = await import('./sandbox/run.ts')
    await runSandbox()
    return
  }
  await runUntilSignalled(stopSignal())
}

/** The bot itself. A signal that comes while it starts is heeded as well: it may have taken up unfinished work by then. */
async function runUntilSignalled(signal: AbortSignal): Promise<void> {
  try {
    const bot = await startBot({
      environment: process.env,
      signal,
      onFatal: (reason) => {
        console.error(`Rushes has to stop: ${reason}`)
        process.exit(1)
      },
    })
    console.error(`Rushes is running. Invite it with ${bot.invitation}`)
    if (!signal.aborted) await once(signal, 'abort')
    await bot.stop()
  } catch (error) {
    if (error !== signal.reason) throw error
  }
  process.exit(0)
}

/** Aborted by the first signal, which ends the bot cleanly; a second one ends it at once. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(1)
      console.error('Rushes is stopping: calls to providers that are under way are waited for. A second signal ends it at once.')
      stopping.abort(new Error(`stopped by ${signal}`))
    })
  }
  return stopping.signal
}

try {
  process.loadEnvFile('.env')
} catch {
  // no .env: the environment itself may hold everything, or nothing at all
}
try {
  await start()
} catch (error) {
  if (error instanceof ConfigError) {
    console.error('Rushes cannot start yet:')
    for (const problem of error.problems) console.error(`  - ${problem}`)
    console.error('To look around without any key, start with MODE=sandbox. All variables: README, "Configuration".')
  } else if (error instanceof StoreLockedError) {
    console.error(`Rushes cannot start: ${error.message}.`)
  } else {
    // A library's error may carry a URL or a request body; its name and message are enough here.
    console.error(`Rushes cannot start: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`)
  }
  process.exit(1)
}
