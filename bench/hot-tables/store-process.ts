import type { StoreLocation } from '../../src/config/config.ts'
import { claim } from '../../src/generations/queue/claim.ts'
import type { RunContext } from '../../src/generations/run/context.ts'
import { takeLease, usualLeaseTimes } from '../../src/generations/worker/lease.ts'
import { createLog } from '../../src/lib/log.ts'
import { createTimers } from '../../src/lib/timers.ts'
import { createKeyedLimit } from '../../src/lib/concurrency/keyed-limit.ts'
import { openDatabase } from '../../src/storage/database.ts'
import { answerParent } from '../shared/child.ts'
import { createCore, requesterOf } from '../shared/core.ts'
import { instantProvider } from '../shared/instant-provider.ts'
import { type ExecutedStatement, observeStatements } from '../shared/statements.ts'
import { fillPostgres, fillSqlite, guilds, membersPerGuild, runningPerProvider } from './fill.ts'
import { createCheck } from './check.ts'
import { plansThatScan } from './plans.ts'
import { repeat } from './repeat.ts'
import { Fill, type HotTables, Measure } from './store-messages.ts'

/** One process that fills a store and measures what the bot does there. */
const owner = 'bench'
/** Between two checks of the measurement, so that none is left out because the one before was a moment ago. */
const checkEveryMs = 5000
const burst = 20
/** By one statement: all that waits, and some more. What is over is a hundred times as much. */
const mostRowsRead = 30_000
const destination = {
  write: (line: string) => {
    if (line.includes('"level":50')) process.stderr.write(line)
  },
}

let isRecording = false
const recorded = new Map<string, ExecutedStatement>()
observeStatements((statement) => {
  if (isRecording && !recorded.has(statement.text)) recorded.set(statement.text, statement)
})

async function fill(store: StoreLocation, size: { finished: number; waiting: number }): Promise<void> {
  await (await openDatabase(store)).close()
  const options = { owner, now: Date.now() }
  if ('file' in store) fillSqlite(store.file, size, options)
  else await fillPostgres(store.url, size, options)
}

async function measure({ store, withinMs, plans }: Measure): Promise<HotTables> {
  const log = createLog({ level: 'info', destination })
  const database = await openDatabase(store, { log })
  let offset = 0
  const clock = {
    now: () => Date.now() + offset,
    sleep: (milliseconds: number) => new Promise<void>((resolve) => void setTimeout(resolve, milliseconds)),
  }
  // A held job stays held, so that every check rechecks the same ones.
  const createProvider = (id: string) => ({ ...instantProvider(id), status: () => Promise.resolve({ state: 'pending' } as const) })
  const core = await createCore({ database, createProvider, clock, log })
  const { config } = core
  const ids = config.providers.map(({ id }) => id)
  const context: RunContext = {
    ...{ ...core, database, clock, timers: createTimers(clock), reads: createKeyedLimit(16), log, owner },
    ...{ outputLifetimes: new Map(), webhookUrlOf: () => undefined, download: () => Promise.reject(new Error('nothing runs')) },
    ...{ renderDeadlineMs: config.renderDeadlineMs, queueDeadlineMs: config.queueDeadlineMs, retentionMs: config.retentionMs },
  }
  const lease = await takeLease(database, {
    ...{ owner, role: 'all', providers: ids, times: usualLeaseTimes, log },
    onHeartbeat: () => undefined,
  })
  const busy = config.providers.map(({ id, createsPerMinute }) => ({ id, createsPerMinute, concurrency: runningPerProvider }))
  const check = createCheck(context, busy)

  const advance = () => {
    offset += checkEveryMs
    return Promise.resolve()
  }
  isRecording = plans
  const checked = await repeat(check, { times: 50, withinMs, between: advance })

  const giveBack = async () => {
    const free = { state: 'queued', owner: null, provider: ids[0] ?? '' } as const
    await database.statements.updateTable('generations').set(free).where('state', '=', 'submitting').execute()
  }
  const claimed = await repeat(
    async () => {
      const result = await claim(database, config.providers, { owner, now: clock.now() })
      if (result.claimed.length === 0) throw new Error('nothing was claimed')
    },
    { times: 200, withinMs, between: () => unrecorded(giveBack) },
  )

  let interaction = 0
  const accept = () => {
    interaction += 1
    const requester = requesterOf(interaction % guilds, interaction % membersPerGuild, interaction)
    return core.clipService.request({ prompt: 'a paper boat on a rainy street', durationSeconds: 5 }, requester)
  }
  const accepted = await repeat(accept, { times: 200, withinMs })
  const acceptMany = async () => {
    await Promise.all(Array.from({ length: burst }, accept))
  }
  const together = await repeat(acceptMany, { times: 10, withinMs })
  isRecording = false

  await lease.end()
  await core.notifier.close()
  await database.close()
  const scans = plans ? await plansThatScan(store, [...recorded.values()], mostRowsRead) : []
  return { claim: claimed, check: checked, accept: accepted, burst: together, plans: scans }
}

/** What only the bench does is no statement of the bot. */
async function unrecorded(work: () => Promise<void>): Promise<void> {
  const before = isRecording
  isRecording = false
  await work()
  isRecording = before
}

answerParent({
  fill: (question) => {
    const { store, ...size } = Fill.parse(question)
    return fill(store, size)
  },
  measure: (question) => measure(Measure.parse(question)),
})
