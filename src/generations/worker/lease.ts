import type { ProviderId } from '../../domain/provider-id.ts'
import type { Log } from '../../lib/log.ts'
import type { Database } from '../../storage/database.ts'
import { sleep } from '../../lib/sleep.ts'
import { addWorker, recordHeartbeat, removeWorker } from '../../storage/workers.ts'
import { LeaseLost } from '../model/stop-reasons.ts'
import { giveBack } from './orphans.ts'

/** The time during which this process counts as alive, and so owns what it claimed. */
export interface Lease {
  /** The name under which it claims; a new lease has a new one, so that nothing left over of an old one passes the fence. */
  readonly owner: string
  /** Aborted as soon as others may take this process for dead. */
  readonly lost: AbortSignal
  /** Ends it of our own will: what is unfinished is given back at once instead of after its time. Never throws. */
  end(): Promise<void>
}

/** Milliseconds of the wall, whatever the bot's clock does: they are about processes, not about clips. */
export interface LeaseTimes {
  heartbeatMs: number
  /** After so long without a heartbeat a process counts as dead. */
  expiryMs: number
}

export const usualLeaseTimes: LeaseTimes = { heartbeatMs: 3000, expiryMs: 15_000 }

export interface LeaseOptions {
  owner: string
  /** The owner of this process's former lease, which is over. */
  replaces?: string | undefined
  role: string
  /** The providers it has keys for. */
  providers: readonly ProviderId[]
  times: LeaseTimes
  /** Called after each heartbeat. */
  onBeat: () => void
  log: Log
}

/** On a store of our own nobody else could take the claims, so the lease never runs out. On a shared one it lasts as long as its heartbeats arrive. */
export async function takeLease(database: Database, options: LeaseOptions): Promise<Lease> {
  const { owner, replaces, role, providers, times, onBeat, log } = options
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
    log.error({ reason }, 'this process can no longer count as alive: it pauses its clips and claims nothing until it can')
    over.abort()
    lost.abort(new LeaseLost('the lease was lost'))
  }
  // On its own, because a heartbeat that hangs must not hide that time passes. Counted from before the heartbeat was sent: others count from later.
  const armExpiry = () => setTimeout(() => lose('no heartbeat arrived in time'), sentAt + times.expiryMs - performance.now())
  let expiry = armExpiry()

  async function keepBeating(): Promise<void> {
    while (await sleep(times.heartbeatMs, over.signal)) {
      const startedAt = performance.now()
      try {
        if (!(await recordHeartbeat(database.statements, database, owner))) {
          lose('others took it for dead')
          return
        }
        clearTimeout(expiry)
        if (isOver()) return
        sentAt = startedAt
        expiry = armExpiry()
        onBeat()
      } catch (error) {
        log.warn({ error }, 'a heartbeat did not reach the store')
      }
    }
  }
  const beating = keepBeating()
  over.signal.addEventListener('abort', () => clearTimeout(expiry), { once: true })

  return {
    owner,
    lost: lost.signal,
    end: async () => {
      over.abort()
      await beating
      try {
        await giveBack(database, owner)
      } catch (error) {
        log.warn({ error }, 'the claims could not be given back; others take them once the lease has run out')
      }
    },
  }
}
