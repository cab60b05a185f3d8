import { describe, expect, it } from 'vitest'

import { startProcesses } from '../../storage/processes.ts'
import { hasPostgres, openPlace, temporaryPostgres } from '../../storage/stores.ts'
import { acceptGeneration } from '../../support/store/generations.ts'
import type { ClaimingReport } from './claiming-process.ts'

const file = new URL('./claiming-process.ts', import.meta.url)

describe.skipIf(!hasPostgres)('four processes that claim from one queue', () => {
  it('reach the cap, never exceed it, and make each request once', async () => {
    const url = await temporaryPostgres()
    // The schema is empty, so one of them creates the tables while the others wait.
    const processes = await startProcesses(file, 4, [url])
    const database = await openPlace({ url })
    for (let index = 0; index < 60; index += 1) {
      const guild = index % 3
      await acceptGeneration(database, { guildId: `21000000000000000${guild}`, memberId: `41000000000000000${index % 7}` })
    }
    for (const each of processes) each.go()
    const reports = await Promise.all(processes.map((each) => each.receive<ClaimingReport>()))

    expect(reports.reduce((total, { made }) => total + made, 0)).toBe(60)
    // All of them look while they wait for it to be reached.
    expect(Math.max(...reports.map(({ most }) => most))).toBe(3)
    const states = await database.statements.selectFrom('generations').select('state').distinct().execute()
    expect(states).toEqual([{ state: 'done' }])
  })
})
