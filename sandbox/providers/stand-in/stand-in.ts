import type { ClipOrder } from '../../clips/clip-order.ts'
import type { Behavior } from '../simulation/behavior.ts'
import { Faults } from '../simulation/faults.ts'
import type { ProviderClock } from '../simulation/provider-clock.ts'
import { Invoice } from '../jobs/invoice.ts'
import { Jobs } from '../jobs/jobs.ts'
import type { Origins } from '../http/origins.ts'
import type { ImageSource } from '../jobs/image.ts'
import { listPrices, type Prices } from '../jobs/prices.ts'
import { RequestLog } from '../http/request-log.ts'
import type { WebhookForm } from '../webhooks/delivery.ts'
import { Webhooks } from '../webhooks/webhooks.ts'

/** What every provider needs from outside. */
export interface StandInContext {
  clock: ProviderClock
  clips: { render(order: ClipOrder): Promise<Uint8Array> }
  seed: string
  /** First of the ports that the provider's origins take, one after the other; 0 for any that are free. */
  port: number
  /** Milliseconds since the epoch in the time of whoever gets webhooks. */
  receiverNow: () => number
  /** Images that the rest of the world would serve, which a stand-in never calls. */
  outside: (url: URL) => Uint8Array | undefined
}

/** A provider as tests, the demo and the sandbox see it, whatever its wire format is. */
export interface StandIn<OriginName extends string = string> {
  readonly id: string
  /** What a client is configured with instead of the real addresses; without a slash at the end. */
  readonly origins: Readonly<Record<OriginName, string>>
  /** The one key that the provider accepts. */
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
  readonly behavior: Behavior
  /** Nothing listens any more at these origins (all of them unless named): connecting fails. */
  refuseConnections(...names: OriginName[]): Promise<void>
  acceptConnections(...names: OriginName[]): Promise<void>
  stop(): Promise<void>
}

export interface ProviderParts {
  behavior: Behavior
  webhookForm: WebhookForm
  /** The images that the provider keeps itself, or refuses to hear of. */
  images: ImageSource
}

/** Creates what works the same at every provider. */
export function createStandInBase(
  providerId: string,
  { clock, clips, seed, receiverNow, outside }: StandInContext,
  { behavior, webhookForm, images }: ProviderParts,
) {
  const prices = listPrices()
  const invoice = new Invoice()
  const faults = new Faults()
  const source: ImageSource = { own: (url) => images.own(url) ?? outside(url) }
  const jobs = new Jobs({ providerId, clock, clips, behavior, prices, invoice, images: source, seed })
  const webhooks = new Webhooks({ providerId, clock, behavior, faults, jobs, form: webhookForm, seed, receiverNow })
  return { providerId, clock, prices, behavior, invoice, jobs, faults, webhooks, requests: new RequestLog() }
}

export type StandInBase = ReturnType<typeof createStandInBase>

/** Starts listening at the provider's origins. */
export async function openStandIn<OriginName extends string>(
  { providerId: id, prices, behavior, invoice, jobs, faults, webhooks, requests }: StandInBase,
  { origins, apiKey, servers }: { origins: Record<OriginName, string>; apiKey: string; servers: Origins<OriginName> },
): Promise<StandIn<OriginName>> {
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
    behavior,
    refuseConnections: (...names) => servers.close(...names),
    acceptConnections: (...names) => servers.listen(...names),
    stop: async () => {
      jobs.close()
      webhooks.close()
      await servers.close()
    },
  }
}
