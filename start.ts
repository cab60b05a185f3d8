import { once } from 'node:events'
import { flushCompileCache } from 'node:module'

import { UsageError } from './src/cli/arguments.ts'
import { runHeld } from './src/cli/held.ts'
import { runLedger } from './src/cli/ledger.ts'
import { type DiscordAccess, liveAccess, runRegister } from './src/cli/register.ts'
import { chooseMode, ConfigError, variableNames } from './src/config/config.ts'
import { misspeltVariables } from './src/config/warnings.ts'
import { DiscordUnreachableError } from './src/discord/rest/unreachable.ts'
import { providerDescriptors } from './src/providers/registry.ts'
import { startBot } from './src/main.ts'
import { StoreUnreachableError } from './src/storage/postgres/server-errors.ts'
import { StoreFileError } from './src/storage/sqlite/file-errors.ts'

/** Which program to run, and its own arguments. */
const [program, ...words] = process.argv.slice(2)
const isOperatorProgram = program === '--held' || program === '--ledger'

/** `npm run register`, `npm run held`, `npm run ledger` or `npm start`: the sandbox if nothing is configured, otherwise the bot. */
async function start(): Promise<void> {
  const print = (line: string) => console.log(line)
  if (program === '--register') {
    await runRegister(discordAccess, words, print)
  } else if (program === '--held') {
    await runHeld(process.env, words, print)
  } else if (program === '--ledger') {
    await runLedger(process.env, words, print)
  } else if (program !== undefined) {
    throw new UsageError(`Unknown argument ${program}. The programs are listed in package.json.`)
  } else if (chooseMode(process.env, providerDescriptors) === 'sandbox') {
    for (const warning of misspeltVariables(process.env, variableNames(providerDescriptors))) console.error(warning)
    const { runSandbox } = await import('./sandbox/run.ts')
    await runSandbox()
  } else {
    await runBot(stopSignal())
  }
}

/** Where `npm run register` registers: with MODE=sandbox in the sandbox that runs in another terminal, otherwise at the real Discord. */
async function discordAccess(): Promise<DiscordAccess> {
  if (process.env['MODE'] !== 'sandbox') return liveAccess(process.env)
  const { findSandbox } = await import('./sandbox/running.ts')
  const { api, token } = await findSandbox()
  return { discordToken: token, origins: { discordApi: api, allowPrivateAddresses: true } }
}

/** Runs the bot until the signal, which also stops it while it starts: it may have resumed unfinished work by then. */
async function runBot(signal: AbortSignal): Promise<void> {
  const onFatal = (reason: string) => {
    console.error(`Rushes has to stop: ${reason}`)
    process.exit(1)
  }
  try {
    // Now rather than at the end, which may be a crash.
    flushCompileCache()
    const bot = await startBot({ environment: process.env, signal, onFatal })
    console.error(`Rushes is running. Invite it with ${bot.invitation}`)
    if (!signal.aborted) await once(signal, 'abort')
    await bot.stop()
  } catch (error) {
    if (error !== signal.reason) throw error
  }
  process.exit(0)
}

/** Aborted by the first SIGINT or SIGTERM. A second one ends the process at once. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stopping.signal.aborted) process.exit(1)
      console.error('Rushes is stopping and waits for provider calls in progress. A second signal ends it at once.')
      stopping.abort(new Error(`stopped by ${signal}`))
    })
  }
  return stopping.signal
}

/** What the operator reads. Only an error's name and message: its other properties may hold a URL or a request body. */
function explain(error: unknown): string {
  if (error instanceof ConfigError) {
    const problems = error.problems.map((problem) => `  - ${problem}`)
    const advice = 'To look around without any key, start with MODE=sandbox. All variables: README, "Configuration".'
    return ['Rushes cannot start yet:', ...problems, advice].join('\n')
  }
  const message = error instanceof Error ? error.message : String(error)
  if (isOperatorProgram || error instanceof UsageError) return message
  const isSentence = [StoreFileError, StoreUnreachableError, DiscordUnreachableError].some((known) => error instanceof known)
  return `Rushes cannot start: ${error instanceof Error && !isSentence && error.name !== 'Error' ? `${error.name}: ` : ''}${message}`
}

try {
  process.loadEnvFile('.env')
} catch {
  // There is no .env file: the environment itself may be complete or empty.
}
try {
  await start()
} catch (error) {
  console.error(explain(error))
  process.exit(1)
}
