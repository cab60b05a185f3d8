import type { ClipOrder } from '../clips/clip-order.ts'
import type { Conduct } from './behavior.ts'
import { Faults } from './faults.ts'
import type { HostClock } from './provider-clock.ts'
import { Invoice } from './invoice.ts'
import { Jobs } from './jobs.ts'
import type { Origins } from './origins.ts'
import type { PictureSource } from './image.ts'
import { listPrices, type Prices } from './prices.ts'
import { RequestLog } from './request-log.ts'
import type { WebhookForm } from './webhooks/delivery.ts'
import { Webhooks } from './webhooks/webhooks.ts'

/** What every host needs from outside. */
export interface HostParts {
  clock: HostClock
  clips: { render(order: ClipOrder): Promise<Uint8Array> }
  seed: string
  /** First of the ports that the host's origins take, one after the other; 0 for any that are free. */
  port: number
  /** Milliseconds since the epoch in the time of whoever gets webhooks. */
  receiverNow: () => number
  /** Pictures that the rest of the world would serve, which a stand-in never calls. */
  outside: (url: URL) => Uint8Array | undefined
}

/** A host as tests, the demo and the sandbox see it, whatever its wire format is. */
export interface Host<OriginName extends string = string, HostConduct extends Conduct = Conduct> {
  readonly id: string
  /** What a client is configured with instead of the real addresses; without a slash at the end. */
  readonly origins: Readonly<Record<OriginName, string>>
  /** The one key that the host accepts. */
  readonly apiKey: string
  readonly jobs: Jobs
  readonly faults: Faults
  readonly requests: RequestLog
  /** What was told to customers, and what they answered. */
  readonly webhooks: Webhooks
  readonly invoice: Invoice
  /** May be changed at any time; a bill is made out when a job ends. */
  readonly prices: Prices
  /** May be changed at any time. */
  readonly conduct: HostConduct
  /** Nothing listens any more at these origins (all of them unless named): connecting fails. */
  refuseConnections(...names: OriginName[]): Promise<void>
  acceptConnections(...names: OriginName[]): Promise<void>
  stop(): Promise<void>
}

export interface Peculiarities<HostConduct extends Conduct> {
  conduct: HostConduct
  webhookForm: WebhookForm
  /** The pictures that the host keeps itself, or refuses to hear of. */
  pictures: PictureSource
}

/** The parts that are the same for every host, joined. */
export function furnish<HostConduct extends Conduct>(
  hostId: string,
  { clock, clips, seed, receiverNow, outside }: HostParts,
  { conduct, webhookForm, pictures }: Peculiarities<HostConduct>,
) {
  const prices = listPrices()
  const invoice = new Invoice()
  const faults = new Faults()
  const source: PictureSource = { own: (url) => pictures.own(url) ?? outside(url) }
  const jobs = new Jobs({ hostId, clock, clips, conduct, prices, invoice, pictures: source, seed })
  const webhooks = new Webhooks({ hostId, clock, conduct, faults, jobs, form: webhookForm, seed, receiverNow })
  return { hostId, clock, prices, conduct, invoice, jobs, faults, webhooks, requests: new RequestLog() }
}

export type Furniture<HostConduct extends Conduct> = ReturnType<typeof furnish<HostConduct>>

/** The host, opened: its origins listen. */
export async function openHost<OriginName extends string, HostConduct extends Conduct>(
  { hostId: id, prices, conduct, invoice, jobs, faults, webhooks, requests }: Furniture<HostConduct>,
  { origins, apiKey, servers }: { origins: Record<OriginName, string>; apiKey: string; servers: Origins<OriginName> },
): Promise<Host<OriginName, HostConduct>> {
  await servers.listen()
  return {
    id,
    origins,
    apiKey,
    jobs,
    faults,
    requests,
    webhooks,
    invoice,
    prices,
    conduct,
    refuseConnections: (...names) => servers.close(...names),
    acceptConnections: (...names) => servers.listen(...names),
    stop: async () => {
      jobs.close()
      webhooks.close()
      await servers.close()
    },
  }
}
