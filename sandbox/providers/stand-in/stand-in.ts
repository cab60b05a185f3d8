import type { ClipOrder } from '../../clips/clip-order.ts'
import type { RequestLog } from '../http/request-log.ts'
import type { Invoice } from '../jobs/invoice.ts'
import type { Jobs } from '../jobs/jobs.ts'
import type { Prices } from '../jobs/prices.ts'
import type { Behavior } from '../simulation/behavior.ts'
import type { Faults } from '../simulation/faults.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import type { Webhooks } from '../webhooks/webhooks.ts'

/** What all stand-ins share. */
export interface StandInContext {
  clock: ProviderClock
  clips: { render(order: ClipOrder): Promise<Uint8Array> }
  seed: string
  /** The first port of the stand-in's origins, which take consecutive ones; 0 for any that are free. */
  port: number
  /** The webhook receiver's time, in milliseconds since the epoch. */
  receiverNow: () => number
  /** Serves finished clips for ever. */
  keepOutputs: boolean
  /** No limits of jobs and create calls. */
  unlimited: boolean
  /** Images at public addresses, which a stand-in never requests. */
  outside: (url: URL) => Uint8Array | undefined
}

/** A provider as tests, the demo and the sandbox see it, whatever its wire format. */
export interface StandIn<OriginName extends string = string> {
  readonly id: string
  /** Replace the provider's real addresses in a client; without a trailing slash. */
  readonly origins: Readonly<Record<OriginName, string>>
  /** The environment variable from which the bot reads the key. */
  readonly keyVariable: string
  /** The only key that is accepted. */
  readonly apiKey: string
  readonly jobs: Jobs
  readonly faults: Faults
  readonly requests: RequestLog
  readonly webhooks: Webhooks
  readonly invoice: Invoice
  /** Can be changed at any time; a job is billed when it ends. */
  readonly prices: Prices
  /** Can be changed at any time. */
  readonly behavior: Behavior
  /** Closes these origins (all of them unless named): connecting fails. */
  refuseConnections(...names: OriginName[]): Promise<void>
  acceptConnections(...names: OriginName[]): Promise<void>
  stop(): Promise<void>
}
