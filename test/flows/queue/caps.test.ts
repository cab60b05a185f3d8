import { expect, it } from 'vitest'

import { reconcile } from '../../../sandbox/reconciliation.ts'
import type { Job } from '../../../sandbox/providers/jobs/job.ts'
import { createClock } from '../../../src/lib/clock.ts'
import { finishedCard, testSandbox } from '../../support/sandbox/sandbox.ts'
import { until } from '../../support/sandbox/clip-steps.ts'

/** The highest number of concurrent jobs at the provider. */
function mostAtOnce(jobs: readonly Job[]): number {
  const heldAt = (moment: number) => jobs.filter(({ createdAt, finishedAt = Infinity }) => createdAt <= moment && moment < finishedAt)
  return Math.max(...jobs.map(({ createdAt }) => heldAt(createdAt).length))
}

it.each(['fal', 'replicate'] as const)('%s never has more concurrent jobs than its cap, and all clips are made', async (id) => {
  const capital = id.toUpperCase()
  const sandbox = await testSandbox({
    environment: { PROVIDERS: id, [`${capital}_CONCURRENCY`]: '2', [`${capital}_CREATES_PER_MINUTE`]: '10000' },
    clock: createClock(10),
  })
  const { jobs } = sandbox.providers[id]
  jobs.hold('completion')
  const names = ['one', 'two', 'three', 'four', 'five']
  const interactions = await Promise.all(names.map((name) => sandbox.discord.member.run('film', { prompt: `boat ${name}` })))
  await until(() => jobs.list().length === 2)
  jobs.release('completion')
  await Promise.all(interactions.map(finishedCard))
  expect(mostAtOnce(jobs.list())).toBe(2)
  await sandbox.stopBot()
  expect(await reconcile(sandbox)).toMatchObject({ spent: 1_750_000, invoiced: 1_750_000, reserved: 0, equal: true })
})
