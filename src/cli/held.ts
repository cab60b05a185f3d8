import { z } from 'zod'

import { readConfig } from '../config/config.ts'
import type { Environment } from '../config/environment.ts'
import { formatUsd } from '../domain/money.ts'
import { decideHeld, type HeldFilter, type HeldRequest, listHeld } from '../generations/held/held.ts'
import { printable } from '../lib/printable.ts'
import { providerDescriptors, providerName } from '../providers/registry.ts'
import { type Database, openMigrated } from '../storage/database.ts'
import type { HeldDecision } from '../storage/schema.ts'
import { readArguments, UsageError } from './arguments.ts'

const usage =
  'run `npm run held -- REFERENCE free`, or `billed`, as the provider\u2019s invoice says; `npm run held` lists the references, and the command for many at once'

const options = { all: { type: 'boolean' }, provider: { type: 'string' }, before: { type: 'string' } } as const

const Decision = z.enum(['free', 'billed'], 'The decision is `free` or `billed`')
/** Required, so that a decision is never about a request that came after the list was read. */
const Time = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], '`--all` needs `--before` with the time that `npm run held` prints')
  .transform((text) => Date.parse(text))
const One = z.strictObject(
  { positionals: z.tuple([z.string(), Decision], 'Name one request and its decision') },
  '`--provider` and `--before` need `--all`',
)
const All = z.object({
  positionals: z.tuple([Decision], 'With `--all`, name the decision and no request'),
  before: Time,
  provider: z.string().optional(),
})

interface Order {
  decision: HeldDecision
  filter: HeldFilter
}

/** `npm run held` lists held requests; with a decision it decides one or many. A running bot applies it within seconds. */
export async function runHeld(environment: Environment, words: readonly string[], print: (line: string) => void): Promise<void> {
  const order = readOrder(words)
  const database = await openMigrated(readConfig(environment, providerDescriptors).store)
  try {
    if (order) print(await decide(database, order))
    else await printHeld(database, print)
  } finally {
    await database.close()
  }
}

/** Undefined for the list. */
function readOrder(words: readonly string[]): Order | undefined {
  const read = <Arguments>(shape: z.ZodType<Arguments>) => readArguments(words, { options, shape, usage })
  if (words.length === 0) return undefined
  if (words.includes('--all')) {
    const { provider, before, positionals } = read(All)
    return { decision: positionals[0], filter: { provider, before } }
  }
  const [reference, decision] = read(One).positionals
  return { decision, filter: { reference } }
}

async function decide({ statements }: Database, { decision, filter }: Order): Promise<string> {
  const prices = await decideHeld(statements, filter, decision)
  const { reference, provider } = filter
  if (prices.length > 0) return `Marked ${sumUp(prices)} as ${decision}. The bot settles this within seconds, or at its next start.`
  if (reference !== undefined)
    throw new UsageError(`No undecided held request has the reference ${reference}. Run \`npm run held\` to list them.`)
  const ids = providerDescriptors.map(({ id }) => id)
  const unknown = provider !== undefined && !ids.includes(provider) ? ` The providers are ${ids.join(', ')}.` : ''
  throw new UsageError(`No undecided held request matches.${unknown} Run \`npm run held\` to list them.`)
}

async function printHeld({ statements }: Database, print: (line: string) => void): Promise<void> {
  const held = await listHeld(statements)
  if (held.length === 0) {
    print('No requests are held.')
    return
  }
  for (const request of held) print(describe(request))
  print(`Held: ${sumUp(held.map(({ price }) => price))}.`)
  print('Look up each job in the provider\u2019s invoice. For one request: `npm run held -- REFERENCE free`, or `billed`.')
  const undecided = held.filter(({ decision }) => decision === undefined)
  if (undecided.length === 0) return
  // Not the time of this clock: the bot's may differ.
  const before = new Date(Math.max(...undecided.map(({ heldAt }) => heldAt)) + 1).toISOString()
  print(
    `For all undecided ones above (${undecided.length}): \`npm run held -- free --all --before ${before}\`, or \`billed\`; \`--provider ID\` chooses one provider\u2019s.`,
  )
}

function describe({ reference, price, provider, jobId, heldAt, reason, guildId, guildReleased, decision }: HeldRequest): string {
  return [
    reference,
    formatUsd(price),
    providerName(provider),
    jobId === undefined ? 'no job known' : `job ${printable(jobId)}`,
    `since ${new Date(heldAt).toISOString()}`,
    reason ?? 'internal',
    `server ${guildId}`,
    ...(guildReleased ? ['released for the server'] : []),
    ...(decision ? [`decided: ${decision}`] : []),
  ].join('  ')
}

/** `2 requests ($0.70 in total)` */
function sumUp(prices: readonly number[]): string {
  const total = formatUsd(prices.reduce((sum, price) => sum + price, 0))
  return prices.length === 1 ? `1 request (${total})` : `${prices.length} requests (${total} in total)`
}
