import type { ProviderId } from '../../domain/provider-id.ts'
import type { Log } from '../../lib/log.ts'
import { sleep } from '../../lib/clock.ts'
import type { Database } from '../../storage/database.ts'
import { addWorker, recordHeartbeat, removeWorker } from '../../storage/workers.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { returnClaims } from './orphans.ts'

/** The time during which this process counts as alive, and so owns what it claimed. */
export interface Lease {
  /** The name under which it claims. Every lease has its own, so that nothing left over from an old one passes the fence. */
  readonly owner: string
  /** Aborted as soon as other processes may consider this one dead. */
  readonly lost: AbortSignal
  /** Ends the lease and returns unfinished claims at once, instead of after its expiry. Never throws. */
  end(): Promise<void>
}

/** Wall-clock milliseconds, whatever the bot's clock does: they are about processes, not clips. */
export interface LeaseTimes {
  heartbeatMs: number
  /** After so long without a heartbeat a process is considered dead. */
  expiryMs: number
}

export const usualLeaseTimes: LeaseTimes = { heartbeatMs: 3000, expiryMs: 15_000 }

export interface LeaseOptions {
  owner: string
  /** The owner of this process's previous lease, which is over. */
  replaces?: string | undefined
  role: string
  /** The providers it has keys for. */
  providers: readonly ProviderId[]
  times: LeaseTimes
  onHeartbeat: () => void
  log: Log
}

/** On a store of its own the process cannot lose its lease. On a shared store the lease lasts as long as the heartbeats arrive. */
export async function takeLease(database: Database, options: LeaseOptions): Promise<Lease> {
  const { owner, replaces, role, providers, times, onHeartbeat, log } = options
  const lost = new AbortController()
  if (database.sharedUrl === undefined) return { owner, lost: lost.signal, end: () => Promise.resolve() }

  let sentAt = performance.now()
  await database.transaction(async (transaction) => {
    if (replaces !== undefined) await removeWorker(transaction, replaces)
    await addWorker(transaction, database, { id: owner, role, providers })
  })

  const over = new AbortController()
  const isOver = () => over.signal.aborted
  const lose = (reason: string) => {
    if (isOver()) return
    log.error({ reason }, 'lease lost; clips are paused until a new lease begins')
    over.abort()
    lost.abort(new LeaseLost('the lease was lost'))
  }
  // A timer of its own, because a heartbeat that hangs must not hide that time passes. It counts from before the heartbeat was sent: others count from later.
  const startExpiry = () => setTimeout(() => lose('no heartbeat arrived in time'), sentAt + times.expiryMs - performance.now())
  let expiry = startExpiry()

  async function sendHeartbeats(): Promise<void> {
    while (await sleep(times.heartbeatMs, over.signal)) {
      const startedAt = performance.now()
      try {
        if (!(await recordHeartbeat(database.statements, database, owner))) {
          lose('another process considered this one dead')
          return
        }
        clearTimeout(expiry)
        if (isOver()) return
        sentAt = startedAt
        expiry = startExpiry()
        onHeartbeat()
      } catch (error) {
        log.warn({ error }, 'a heartbeat did not reach the store')
      }
    }
  }
  const beating = sendHeartbeats()
  over.signal.addEventListener('abort', () => clearTimeout(expiry), { once: true })

  return {
    owner,
    lost: lost.signal,
    end: async () => {
      over.abort()
      await beating
      try {
        await returnClaims(database, owner)
      } catch (error) {
        log.warn({ error }, 'returning the claims failed; other workers adopt them when the lease expires')
      }
    },
  }
}
