import { describe, expect, it } from 'vitest'

import type { Database } from '../../../src/storage/database.ts'
import { startProcesses } from '../../storage/processes.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'

const file = new URL('./claiming-process.ts', import.meta.url)

async function countRunning({ statements }: Database): Promise<number> {
  const { running } = await statements
    .selectFrom('generations')
    .select((count) => count.fn.countAll<number>().as('running'))
    .where('state', 'in', ['submitting', 'rendering'])
    .executeTakeFirstOrThrow()
  return running
}

describe.skipIf(!hasPostgres)('four processes that claim from one queue', () => {
  it('never exceed the cap, and make each request once', async () => {
    const url = await temporaryPostgres()
    // The schema is empty, so one of them creates the tables while the others wait.
    const processes = await startProcesses(file, 4, [url])
    const database = await openPlace({ url })
    for (let index = 0; index < 60; index += 1) {
      const guild = index % 3
      await acceptGeneration(database, { guildId: `21000000000000000${guild}`, memberId: `41000000000000000${index % 7}` })
    }
    for (const each of processes) each.go()
    const over = new AbortController()
    const made = Promise.all(processes.map((each) => each.receive<number>())).finally(() => over.abort())
    const samples: number[] = []
    while (!over.signal.aborted) samples.push(await countRunning(database))

    const counts = await made
    expect(counts.reduce((total, count) => total + count, 0)).toBe(60)
    expect(Math.max(...samples)).toBe(3)
    const states = await database.statements.selectFrom('generations').select('state').distinct().execute()
    expect(states).toEqual([{ state: 'done' }])
  })
})
