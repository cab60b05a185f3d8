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
  'Look up each job in the provider\u2019s invoice, then run `npm run held -- REFERENCE free` or `npm run held -- REFERENCE billed`. ' +
  'For many at once: `npm run held -- free --all` or `billed --all`, with `--provider ID` and `--before TIME` (such as 2026-11-20 or 2026-11-20T18:30:00Z) to choose.'

const options = { all: { type: 'boolean' }, provider: { type: 'string' }, before: { type: 'string' } } as const

const Decision = z.enum(['free', 'billed'], 'The decision is `free` or `billed`.')
const Time = z
  .union([z.iso.date(), z.iso.datetime({ offset: true })], '`--before` needs a date or a time.')
  .transform((text) => Date.parse(text))
const One = z.strictObject(
  { positionals: z.tuple([z.string(), Decision], 'Name one request and its decision.') },
  '`--provider` and `--before` need `--all`.',
)
const All = z.object({
  provider: z.string().optional(),
  before: Time.optional(),
  positionals: z.tuple([Decision], 'With `--all`, name the decision and no request.'),
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
  const settled = 'The bot settles it within seconds, or at its next start.'
  const { reference, provider } = filter
  if (reference !== undefined && prices.length > 0) return `${reference} is ${decision}. ${settled}`
  if (prices.length > 0) return `${sumUp(prices)} ${decision}. ${settled}`
  if (reference !== undefined) throw new UsageError(`No held request ${reference} waits for a decision. Run \`npm run held\` to list them.`)
  const ids = providerDescriptors.map(({ id }) => id)
  const unknown = provider !== undefined && !ids.includes(provider) ? ` The providers are ${ids.join(', ')}.` : ''
  throw new UsageError(`No held request fits and waits for a decision.${unknown} Run \`npm run held\` to list them.`)
}

async function printHeld({ statements }: Database, print: (line: string) => void): Promise<void> {
  const held = await listHeld(statements)
  if (held.length === 0) {
    print('No requests are held.')
    return
  }
  for (const request of held) print(describe(request))
  print(`${sumUp(held.map(({ price }) => price))} held.`)
  print(usage)
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

/** `2 requests, $0.70 in total, are` */
function sumUp(prices: readonly number[]): string {
  const total = formatUsd(prices.reduce((sum, price) => sum + price, 0))
  return prices.length === 1 ? `1 request, ${total}, is` : `${prices.length} requests, ${total} in total, are`
}
