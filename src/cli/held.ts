import { readConfig } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import { formatUsd } from '../domain/money.ts'
import { decideHeld, listHeld } from '../generations/held/held.ts'
import { providerDescriptors, providerName } from '../providers/registry.ts'
import { type Database, openBeside } from '../storage/database.ts'

/** `npm run held` lists held requests; `npm run held -- REFERENCE free|billed` decides one. A running bot applies it within seconds. */
export async function runHeld(
  environment: Environment,
  [reference, decision]: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  const database = openBeside(readConfig(environment, providerDescriptors).store)
  try {
    if (reference === undefined) {
      await printHeld(database, print)
      return
    }
    if (decision !== 'free' && decision !== 'billed')
      throw new Error('Check the provider\u2019s invoice, then run `npm run held -- REFERENCE free` or `npm run held -- REFERENCE billed`.')
    const decided = await decideHeld(database.statements, reference, decision)
    if (!decided) throw new Error(`No held request ${reference} waits for a decision. Run \`npm run held\` to list them.`)
    print(`${reference} is ${decision}. The bot settles it within seconds, or at its next start.`)
  } finally {
    await database.close()
  }
}

async function printHeld({ statements }: Database, print: (line: string) => void): Promise<void> {
  const held = await listHeld(statements)
  if (held.length === 0) {
    print('No requests are held.')
    return
  }
  for (const { reference, price, provider, guildId, endedAt, createdAt, endReason = 'internal' } of held) {
    const since = new Date(endedAt ?? createdAt).toISOString()
    print(`${reference}  ${formatUsd(price)}  ${providerName(provider)}  since ${since}  ${endReason}  server ${guildId}`)
  }
  print('Look up each job in the provider\u2019s invoice, then run `npm run held -- REFERENCE free` or `npm run held -- REFERENCE billed`.')
}
