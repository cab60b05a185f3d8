import type { ClipOrder } from '../clips/clip-order.ts'
import type { Conduct } from './conduct.ts'
import { usualConduct } from './conduct.ts'
import { Faults } from './faults.ts'
import type { HostClock } from './host-clock.ts'
import { Invoice } from './invoice.ts'
import { Jobs } from './jobs.ts'
import type { PictureSource } from './picture.ts'
import { listPrices, type Prices } from './prices.ts'
import { RequestLog } from './request-log.ts'

/** What every host needs from outside. */
export interface HostParts {
  clock: HostClock
  clips: { render(order: ClipOrder): Promise<Uint8Array> }
  seed: string
  /** First of the ports that the host's origins take, one after the other; 0 for any that are free. */
  port: number
}

/** A host as tests, the demo and the sandbox see it, whatever its wire format is. */
export interface Host<OriginName extends string = string> {
  readonly id: string
  /** What a client is configured with instead of the real addresses; without a slash at the end. */
  readonly origins: Readonly<Record<OriginName, string>>
  /** The one key that the host accepts. */
  readonly apiKey: string
  readonly jobs: Jobs
  readonly faults: Faults
  readonly requests: RequestLog
  readonly invoice: Invoice
  /** May be changed at any time; a bill is made out when a job ends. */
  readonly prices: Prices
  /** May be changed at any time. */
  readonly conduct: Conduct
  /** Nothing listens any more at these origins (all of them unless named): connecting fails. */
  refuseConnections(...names: OriginName[]): Promise<void>
  acceptConnections(...names: OriginName[]): Promise<void>
  stop(): Promise<void>
}

/** The parts that are the same for every host, joined. */
export function furnish(hostId: string, { clock, clips, seed }: HostParts, pictures: PictureSource) {
  const prices = listPrices()
  const conduct = usualConduct()
  const invoice = new Invoice()
  const jobs = new Jobs({ hostId, clock, clips, conduct, prices, invoice, pictures, seed })
  return { prices, conduct, invoice, jobs, faults: new Faults(), requests: new RequestLog() }
}
