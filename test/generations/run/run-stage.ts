import type { KyselyPlugin } from 'kysely'
import { expect } from 'vitest'

import type { ProviderId } from '../../../src/domain/provider-id.ts'
import type { Clip, Delivery, LiveState } from '../../../src/generations/model/delivery-port.ts'
import type { Generation, GenerationState } from '../../../src/generations/model/generation.ts'
import { createNotifier } from '../../../src/generations/notify/notifier.ts'
import type { RunContext } from '../../../src/generations/run/context.ts'
import { openAttempt } from '../../../src/generations/store/attempts.ts'
import { findGeneration, findRow } from '../../../src/generations/store/generations.ts'
import { createEstimates } from '../../../src/generations/store/run-time-estimates.ts'
import type { Clock } from '../../../src/lib/clock.ts'
import { createTimers } from '../../../src/lib/timers.ts'
import { createKeyedLimit } from '../../../src/lib/concurrency/keyed-limit.ts'
import type { Provider } from '../../../src/providers/provider.ts'
import type { Database } from '../../../src/storage/database.ts'
import type { AttemptRow, GenerationRow } from '../../../src/storage/schema.ts'
import { createCapturedLog } from '../../support/bot/captured-log.ts'
import { mp4 } from '../../support/media/mp4.ts'
import { acceptGeneration, type Wanted } from '../../support/store/generations.ts'

export const owner = 'this-worker'
export const clipUrl = 'https://provider.example/clip.mp4'
export const startsAt = Date.UTC(2026, 10, 20, 12)

/** Time passes only by waiting: every wait is over at once, and remembered. */
export function createWaitingClock(
  onWait: (waits: readonly number[]) => void | Promise<void> = () => undefined,
): Clock & { waits: number[] } {
  const waits: number[] = []
  let now = startsAt
  return {
    waits,
    now: () => now,
    async sleep(milliseconds, { signal } = {}) {
      if (waits.length >= 500) throw new Error('it waits without end')
      waits.push(milliseconds)
      now += milliseconds
      await onWait(waits)
      signal?.throwIfAborted()
    },
  }
}

/** What a test changes of the stage; what members see is recorded all the same. */
export interface Stage extends Partial<Omit<RunContext, 'providers' | 'delivery'>> {
  providers?: readonly Provider[]
  findPosted?: Delivery['findPosted']
  post?: Delivery['post']
}

const posted = { channelId: '1', messageId: '2' }

/** What running one generation needs, with a recorded delivery. */
export async function setUpRun(database: Database, { providers = [], findPosted, post, ...own }: Stage = {}) {
  const { log, lines } = createCapturedLog()
  const { clock = createWaitingClock() } = own
  const shown: (LiveState & { state: GenerationState })[] = []
  const posts: Clip[] = []
  /** In order: `look` (for an earlier message), `post`, `link`, or the state and reason of an outcome. */
  const seen: string[] = []
  /** When each outcome was told. */
  const toldAt: number[] = []
  const delivery: Delivery = {
    show: ({ state }, live) => void shown.push({ state, ...live }),
    findPosted: (generation) => {
      seen.push('look')
      return findPosted?.(generation) ?? Promise.resolve(undefined)
    },
    post: (generation, clip, options) => {
      seen.push(clip.bytes ? 'post' : 'link')
      posts.push(clip)
      return post?.(generation, clip, options) ?? Promise.resolve(posted)
    },
    postOutcome: ({ state, endReason, provider }, { now }) => {
      seen.push(`${state}: ${endReason ?? ''} (${provider})`)
      toldAt.push(now)
      return Promise.resolve()
    },
    drain: () => Promise.resolve(),
  }
  const context: RunContext = {
    ...{ database, owner, log, delivery },
    clock,
    timers: createTimers(clock),
    reads: createKeyedLimit(16),
    notifier: createNotifier(),
    providers: new Map(providers.map((provider) => [provider.id, provider])),
    estimates: await createEstimates(database, { 5: 1000, 10: 1000 }),
    outputLifetimes: new Map(),
    webhookUrlOf: () => undefined,
    download: () => Promise.resolve(new Uint8Array(mp4())),
    random: () => 0.5,
    retentionMs: Infinity,
    renderDeadlineMs: Infinity,
    queueDeadlineMs: Infinity,
    ...own,
  }
  const [pause, force] = [new AbortController(), new AbortController()]
  const signals = { pause: pause.signal, force: force.signal }
  const logged = () => lines.map((line) => JSON.parse(line) as { level: number; msg: string; [field: string]: unknown })
  return { context, shown, posts, seen, toldAt, pause, force, signals, logged }
}

type Change = Partial<GenerationRow>

/** Claimed by this process: accepted, and put into a state. */
export async function claimed(database: Database, state: GenerationState, { change = {}, ...wanted }: Wanted & { change?: Change } = {}) {
  const { id } = await acceptGeneration(database, { now: startsAt, ...wanted })
  await put(database, id, { state, owner, ...change })
  return found(database, id)
}

export async function put({ statements }: Database, id: string, change: Change): Promise<void> {
  await statements.updateTable('generations').set(change).where('id', '=', id).execute()
}

export async function found({ statements }: Database, id: string): Promise<Generation> {
  const generation = await findGeneration(statements, id)
  return generation ?? expect.unreachable('it is stored')
}

/** An attempt of the generation as an earlier process left it. */
export async function attempted(
  database: Database,
  { id, state }: Pick<Generation, 'id' | 'state'>,
  provider: ProviderId,
  change: Partial<AttemptRow> = {},
): Promise<string> {
  await put(database, id, { state: 'submitting', owner })
  const attempt = await openAttempt(database, { generationId: id, provider, owner, now: startsAt })
  if (Object.keys(change).length > 0) await database.statements.updateTable('attempts').set(change).where('id', '=', attempt.id).execute()
  await put(database, id, { state })
  return attempt.id
}

/** As another process could see it. */
export async function attemptsOf({ statements }: Database, id: string): Promise<string[]> {
  const rows = await statements.selectFrom('attempts').selectAll().where('generation_id', '=', id).orderBy('id').execute()
  return rows.map(({ provider, state, end_reason: reason }) => [provider, state, ...(reason === null ? [] : [reason])].join(' '))
}

export async function ledgerOf({ statements }: Database, id: string): Promise<string> {
  const rows = await statements.selectFrom('ledger').select('kind').where('generation_id', '=', id).orderBy('sequence').execute()
  return rows.map(({ kind }) => kind).join(' ')
}

/** Another clip in the same state, of another process. No step may change it. */
export async function bystander(database: Database, state: GenerationState): Promise<() => Promise<void>> {
  const { id } = await claimed(database, state, { change: { owner: 'another-worker' } })
  const before = await findRow(database.statements, id)
  return async () => expect(await findRow(database.statements, id)).toEqual(before)
}

/** The store whose answers to some statements outside of transactions are lost, as often as `isLost` says so. */
export function losing(database: Database, isLost: (statement: string) => boolean): Database {
  const lost = new WeakSet()
  const plugin: KyselyPlugin = {
    transformQuery: ({ node, queryId }) => {
      if (isLost(JSON.stringify(node))) lost.add(queryId)
      return node
    },
    transformResult: ({ result, queryId }) => (lost.has(queryId) ? Promise.reject(new Error('connection lost')) : Promise.resolve(result)),
  }
  return { ...database, statements: database.statements.withPlugin(plugin) }
}

/** The store whose answers to some commits are lost; they are counted from 1. */
export function losingCommits(database: Database, isLost: (commit: number) => boolean): Database {
  let commits = 0
  const transaction: Database['transaction'] = async (work) => {
    const result = await database.transaction(work)
    commits += 1
    if (isLost(commits)) throw new Error('connection lost')
    return result
  }
  return { ...database, transaction }
}

/** Tells which of the statements read one table. */
export function reads(table: 'attempts' | 'generations'): (statement: string) => boolean {
  return (statement) => statement.includes('"SelectQueryNode"') && statement.includes(`"name":"${table}"`)
}
