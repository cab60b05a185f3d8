import { parseArgs } from 'node:util'

import type { BenchContext } from '../shared/bench.ts'
import { measureLoad } from './measure-load.ts'
import { countCommits, createPostgresStore, createSqliteStore } from './stores.ts'

const rushes = new URL('rushes-process.ts', import.meta.url)
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
    const result = await measureLoad({ ...load, module: rushes, store: store.location, processes: 1 })
    await store.check(result.done)
    const { perSecond, done, statements, commits } = result
    context.report({ case: 'SQLite, 1 process: clips', value: perSecond, unit: '/s', target: { atLeast: 300, of: 'value' } })
    context.report({ case: 'SQLite, 1 process: commits', value: commits / done, unit: 'per clip' })
    context.report({ case: 'SQLite, 1 process: SQL statements', value: statements / done, unit: 'per clip' })
  }

  const one = isChosen('postgres-1') ? await measurePostgres(context, { ...load, processes: 1 }) : undefined
  if (one) {
    context.report({ case: 'PostgreSQL, 1 process: clips', value: one.perSecond, unit: '/s', target: { atLeast: 400, of: 'value' } })
    context.report({ case: 'PostgreSQL, 1 process: commits', value: one.commitsEach, unit: 'per clip', target: { atMost: 6, of: 'value' } })
    context.report({ case: 'PostgreSQL, 1 process: SQL statements', value: one.statementsEach, unit: 'per clip' })
  }
  const four = isChosen('postgres-4') ? await measurePostgres(context, { ...load, processes: 4 }) : undefined
  if (four) {
    context.report({ case: 'PostgreSQL, 4 processes: clips', value: four.perSecond, unit: '/s' })
    context.report({ case: 'PostgreSQL, 4 processes: commits', value: four.commitsEach, unit: 'per clip' })
    context.report({ case: 'PostgreSQL, 4 processes: SQL statements', value: four.statementsEach, unit: 'per clip' })
  }
  if (one && four) {
    const scaling = { value: four.perSecond, baseline: one.perSecond, target: { atLeast: 1.5, of: 'ratio' } } as const
    context.report({ case: 'PostgreSQL, 4 processes against 1: clips', unit: '/s', ...scaling })
  }
}

interface PostgresLoad {
  seconds: number
  outstanding: number
  signal: AbortSignal
  processes: number
}

async function measurePostgres({ cleanup }: BenchContext, load: PostgresLoad): Promise<Figures> {
  const { location, check } = await createPostgresStore(cleanup)
  const before = await countCommits(location.url)
  const { perSecond, done, statements } = await measureLoad({ ...load, module: rushes, store: location })
  const commits = (await countCommits(location.url)) - before
  await check(done)
  return { perSecond, commitsEach: commits / done, statementsEach: statements / done }
}
