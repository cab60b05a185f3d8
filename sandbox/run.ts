import { startSandbox } from './sandbox.ts'
import { discordPort, providersPort, providerSpeed } from './settings.ts'

/** `npm start` without configuration: the sandbox, until it is interrupted. */
export async function runSandbox(): Promise<void> {
  const sandbox = await startSandbox({ discordPort, providersPort, providerSpeed, environment: sharedEnvironment() })
  const invoices = sandbox.providers.all.map(({ origins }) => `  ${Object.values(origins)[0] ?? ''}/sandbox/invoice`)
  console.log(`Nothing is configured, so this is the sandbox: the real bot between a Discord and five providers on your own machine.
No account, no key, no cost. Clips are real MP4s rendered here, and the providers run ${providerSpeed} times faster than real ones.

In a second terminal, act as a member of the server:
  npm run try -- film "a paper boat on a rainy street"
  npm run try -- animate ./image.png "slow push in"

Local Discord:
  ${sandbox.discord.origin}
The providers' invoices:
${invoices.join('\n')}

README.md explains how to connect the real Discord. Press Ctrl+C to stop.`)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await sandbox.stop()
}

/** The variables that are useful in the sandbox, too. */
function sharedEnvironment(): Record<string, string | undefined> {
  const names = ['PROVIDERS', 'BUDGET_DAY_USD', 'BUDGET_MONTH_USD', 'GUILD_BUDGET_DAY_USD', 'GUILD_BUDGET_MONTH_USD', 'LOG_LEVEL']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}
