import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import type { ProviderCapacity } from '../../../src/generations/queue/create-rate.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { transition } from '../../../src/generations/store/generations.ts'
import { openDatabase } from '../../../src/storage/database.ts'
import { claim } from '../../support/store/claims.ts'

export interface ClaimingReport {
  /** How many this process made. */
  made: number
  /** The most that it saw running at once, in all processes. */
  most: number
}

/** Claims and finishes until the queue is empty; then sends its `ClaimingReport`. */
const [url = ''] = process.argv.slice(2)
const provider: ProviderCapacity = { id: 'fal', concurrency: 3, createsPerMinute: 10_000 }
const owner = String(process.pid)
const database = await openDatabase({ url })
process.send?.('ready')
await once(process, 'message')

const report: ClaimingReport = { made: 0, most: 0 }
const running = new Set<Promise<void>>()

async function make({ id }: Generation): Promise<void> {
  await transition(database.statements, { id, owner, state: 'submitting' }, { state: 'rendering' })
  await capReached()
  await transition(database.statements, { id, owner, state: 'rendering' }, { state: 'done' })
  report.made += 1
}

/** Nothing ends before as many as may run have been seen running, so that a cap that does not hold is exceeded, and one that does is reached. */
async function capReached(): Promise<void> {
  do await look()
  while (report.most < provider.concurrency && (await hasQueued()))
}

async function look(): Promise<void> {
  const { count } = await database.statements
    .selectFrom('generations')
    .select((rows) => rows.fn.countAll<number>().as('count'))
    .where('state', 'in', ['submitting', 'rendering'])
    .executeTakeFirstOrThrow()
  report.most = Math.max(report.most, count)
}

async function hasQueued(): Promise<boolean> {
  const row = await database.statements.selectFrom('generations').select('id').where('state', '=', 'queued').executeTakeFirst()
  return row !== undefined
}

while (await hasQueued()) {
  // Several claims at once, as notifications and polls cause them.
  const claims = await Promise.all([1, 2, 3].map(() => claim(database, provider, { owner, now: Date.now() })))
  for (const generation of claims.flatMap(({ claimed }) => claimed)) {
    const ended = make(generation).finally(() => running.delete(ended))
    running.add(ended)
  }
  await Promise.race([sleep(5), ...running])
}
await Promise.all(running)
await database.close()
process.send?.(report)
process.disconnect()
