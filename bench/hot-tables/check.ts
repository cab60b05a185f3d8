import { claim } from '../../src/generations/queue/claim.ts'
import type { ProviderCapacity } from '../../src/generations/queue/create-rate.ts'
import type { RunContext } from '../../src/generations/run/context.ts'
import { createBackgroundWork } from '../../src/generations/worker/background-work.ts'
import { usualLeaseTimes } from '../../src/generations/worker/lease.ts'
import { noteServed } from '../../src/generations/worker/provider-keys.ts'
import { createQueueMaintenance } from '../../src/generations/worker/queue-maintenance.ts'
import { createRetention } from '../../src/generations/worker/retention.ts'
import { runHousekeeping } from '../../src/generations/worker/housekeeping.ts'
import { sharedNow } from '../../src/storage/database.ts'

/**
 * One check of the worker, as `check` in `worker.ts` takes it when everything is due and every provider is busy: all that it reads and writes, without
 * running a clip. Its background work is waited for, so that it is measured too.
 */
export function createCheck(context: RunContext, capacities: readonly ProviderCapacity[]): () => Promise<void> {
  const { database, owner, clock, log } = context
  const maintenance = createQueueMaintenance({ ...context, providers: capacities })
  const retention = createRetention(context)
  const background = createBackgroundWork(log)
  const worker = { providers: capacities.map(({ id }) => id), startedAt: clock.now(), owner }
  const pause = new AbortController().signal
  const { expiryMs } = usualLeaseTimes
  return async () => {
    const now = await sharedNow(database, clock)
    const holder = { ...worker, now }
    const keys = await runHousekeeping({ holder, context, pause, expiryMs, running: new Map(), run: () => undefined, background })
    await claim(database, capacities, { owner, now })
    await noteServed(database.statements, keys.served, now)
    await maintenance.run(keys)
    await retention.run()
    await background.ended()
  }
}
