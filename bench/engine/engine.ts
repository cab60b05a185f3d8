import { parseArgs } from 'node:util'

import type { BenchContext } from '../shared/bench.ts'
import { temporaryPostgres } from '../shared/stores.ts'
import { measureLoad } from './measure-load.ts'
import { preparePgBoss } from './pg-boss-queue.ts'
import { countCommits, createPostgresStore, createSqliteStore } from './stores.ts'

const rushesModule = new URL('rushes-process.ts', import.meta.url)
const pgBossModule = new URL('pg-boss-process.ts', import.meta.url)
const stores = ['sqlite', 'postgres-1', 'postgres-4'] as const

interface Figures {
  perSecond: number
  commitsEach: number
  statementsEach: number
}

/**
 * How many clips the bot's core accepts, claims, submits, completes and settles in a second, with providers that take no time and without Discord. A number
 * of clips is under way at any time: each that is posted is followed by the next.
 */
export async function benchEngine(context: BenchContext): Promise<void> {
  const { values } = parseArgs({
    args: [...context.words],
    options: {
      seconds: { type: 'string', default: '6' },
      outstanding: { type: 'string', default: '100' },
      only: { type: 'string', multiple: true, default: [...stores] },
    },
  })
  const load = { seconds: Number(values.seconds), outstanding: Number(values.outstanding), signal: context.signal }
  const isChosen = (store: (typeof stores)[number]) => values.only.includes(store)

  if (isChosen('sqlite')) {
    const store = await createSqliteStore(context.cleanup)
    const result = await measureLoad({ ...load, module: rushesModule, store: store.location, processes: 1 })
    await store.check(result.done)
    const { perSecond, done, statements, commits } = result
    context.report({ case: 'SQLite, 1 process: clips', value: perSecond, unit: '/s', target: { atLeast: 300, of: 'value' } })
    context.report({ case: 'SQLite, 1 process: commits', value: commits / done, unit: 'per clip' })
    context.report({ case: 'SQLite, 1 process: SQL statements', value: statements / done, unit: 'per clip' })
  }

  const one = isChosen('postgres-1') ? await measurePostgres(context, { ...load, processes: 1 }) : undefined
  if (one) {
    reportPostgres(context, { ...one, name: 'PostgreSQL, 1 process', atLeastPerSecond: 400, atMostCommits: 6 })
  }
  const four = isChosen('postgres-4') ? await measurePostgres(context, { ...load, processes: 4 }) : undefined
  if (four) reportPostgres(context, { ...four, name: 'PostgreSQL, 4 processes' })
  if (one && four) {
    const scaling = { value: four.rushes.perSecond, baseline: one.rushes.perSecond, target: { atLeast: 1.5, of: 'ratio' } } as const
    context.report({ case: 'PostgreSQL, 4 processes compared with 1: clips', unit: '/s', ...scaling })
  }
}

interface Comparison {
  rushes: Figures
  pgBoss: Figures
}

/** The bot's figures with those of pg-boss as the baseline, whose job is only sent, fetched and completed: no money, no fairness, no limits. */
function reportPostgres(
  context: BenchContext,
  comparison: Comparison & { name: string; atLeastPerSecond?: number; atMostCommits?: number },
): void {
  const { rushes, pgBoss, name, atLeastPerSecond, atMostCommits } = comparison
  context.report({
    ...{ case: `${name}: clips`, value: rushes.perSecond, unit: '/s', baseline: pgBoss.perSecond },
    target: atLeastPerSecond === undefined ? undefined : { atLeast: atLeastPerSecond, of: 'value' },
  })
  context.report({
    ...{ case: `${name}: commits`, value: rushes.commitsEach, unit: 'per clip', baseline: pgBoss.commitsEach },
    target: atMostCommits === undefined ? undefined : { atMost: atMostCommits, of: 'value' },
  })
  context.report({ case: `${name}: SQL statements`, value: rushes.statementsEach, unit: 'per clip', baseline: pgBoss.statementsEach })
}

interface PostgresLoad {
  seconds: number
  outstanding: number
  signal: AbortSignal
  processes: number
}

/** First pg-boss, then the bot, each on a database of its own. */
async function measurePostgres({ cleanup }: BenchContext, load: PostgresLoad): Promise<Comparison> {
  const empty = await temporaryPostgres(cleanup)
  await preparePgBoss(empty)
  const pgBoss = await measureOn(empty, pgBossModule, load)
  const { location, check } = await createPostgresStore(cleanup)
  const rushes = await measureOn(location.url, rushesModule, load)
  await check(rushes.done)
  return { rushes, pgBoss }
}

async function measureOn(url: string, module: URL, load: PostgresLoad): Promise<Figures & { done: number }> {
  const before = await countCommits(url)
  const { perSecond, done, statements } = await measureLoad({ ...load, module, store: { url } })
  const commits = (await countCommits(url)) - before
  return { perSecond, done, commitsEach: commits / done, statementsEach: statements / done }
}
