import { allProviders } from './reconciliation.ts'
import { startSandbox } from './sandbox.ts'
import { discordPort, providersPort, providerSpeed } from './settings.ts'

/** `npm start` on a fresh machine: everything local, real code, no key, no cost. Runs until interrupted. */
export async function runSandbox(): Promise<void> {
  const sandbox = await startSandbox({ discordPort, providersPort, providerSpeed, environment: sharedEnvironment() })
  console.log(`Nothing is configured, so this is the sandbox: a Discord and the providers on your own machine, and the real bot between them.
No account, no key, no cost; clips are real MP4s rendered here, and time at the providers runs ${providerSpeed} times as fast.

In a second terminal, act as a member of its server:
  npm run try -- film "a paper boat on a rainy street"
  npm run try -- animate ./image.png "slow push in"

Local Discord  ${sandbox.discord.origin}
What the providers billed  ${allProviders(sandbox.providers)
    .map((provider) => `${Object.values(provider.origins)[0] ?? ''}/sandbox/invoice`)
    .join('  ')}
To connect the real Discord, see README.md. Ctrl+C ends the sandbox.`)
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  await sandbox.stop()
}

/** What a newcomer may want to try out here, too. */
function sharedEnvironment(): Record<string, string | undefined> {
  const names = ['PROVIDERS', 'BUDGET_DAY_USD', 'BUDGET_MONTH_USD', 'GUILD_BUDGET_DAY_USD', 'GUILD_BUDGET_MONTH_USD', 'LOG_LEVEL']
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])))
}
