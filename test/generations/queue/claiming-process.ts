import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

import type { ProviderCapacity } from '../../../src/generations/queue/create-rate.ts'
import type { Generation } from '../../../src/generations/model/generation.ts'
import { transition } from '../../../src/generations/store/generations.ts'
import { openDatabase } from '../../../src/storage/database.ts'
import { claim } from '../../support/store/claims.ts'

/** Claims and finishes until the queue is empty; reports how many it made. */
const [url = ''] = process.argv.slice(2)
const provider: ProviderCapacity = { id: 'fal', concurrency: 3, createsPerMinute: 10_000 }
const owner = String(process.pid)
const database = await openDatabase({ url })
process.send?.('ready')
await once(process, 'message')

let made = 0
const running = new Set<Promise<void>>()
async function make({ id }: Generation): Promise<void> {
  await sleep(3)
  await transition(database.statements, { id, owner, state: 'submitting' }, { state: 'rendering' })
  await sleep(3)
  await transition(database.statements, { id, owner, state: 'rendering' }, { state: 'done' })
  made += 1
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
process.send?.(made)
process.disconnect()
