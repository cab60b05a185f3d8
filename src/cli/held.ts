import { type Environment, readConfig } from '../config/config.ts'
import { formatUsd } from '../domain/money.ts'
import { providerNames } from '../domain/provider-id.ts'
import { decideHeld, listHeld } from '../generations/held/held.ts'
import { openBeside } from '../storage/database.ts'

/** `npm run held` lists what is held; `npm run held -- REFERENCE free|billed` settles one. Beside a running bot, which acts on it within seconds. */
export async function runHeld(
  environment: Environment,
  [reference, decision]: readonly string[],
  print: (line: string) => void,
): Promise<void> {
  const database = openBeside(readConfig(environment).store)
  try {
    if (reference === undefined) {
      await list()
      return
    }
    if (decision !== 'free' && decision !== 'billed')
      throw new Error('say what the provider\u2019s bill says: `npm run held -- REFERENCE free` or `billed`')
    const decided = await decideHeld(database.statements, reference, decision)
    if (!decided) throw new Error(`nothing undecided is held under ${reference}: run \`npm run held\` to see what is`)
    print(`${reference} will be settled as ${decision} by the bot, at once if it runs, else at its next start.`)
  } finally {
    await database.close()
  }

  async function list(): Promise<void> {
    const held = await listHeld(database.statements)
    if (held.length === 0) print('Nothing is held.')
    for (const generation of held) {
      const since = new Date(generation.endedAt ?? generation.createdAt).toISOString()
      const { price, provider, endReason = 'internal' } = generation
      print(
        `${generation.reference}  ${formatUsd(price)}  ${providerNames[provider]}  since ${since}  ${endReason}  server ${generation.guildId}`,
      )
    }
    if (held.length > 0) print('Look the job up in the provider\u2019s bill, then: npm run held -- REFERENCE free|billed')
  }
}
