import type { Refuse } from '../http/call.ts'
import type { OriginRoutes } from '../http/origin-server.ts'
import { Origins } from '../http/origins.ts'
import { RequestLog } from '../http/request-log.ts'
import { withRetryAfter } from '../http/retry-after.ts'
import { createRoutes, type Routes, type RoutesContext } from '../http/routes.ts'
import { ServedFiles } from '../http/served-files.ts'
import { Invoice } from '../jobs/invoice.ts'
import { Jobs } from '../jobs/jobs.ts'
import { listPrices } from '../jobs/prices.ts'
import { type Behavior, createBehavior, noLimits } from '../simulation/behavior.ts'
import { Faults } from '../simulation/faults.ts'
import type { WebhookForm } from '../webhooks/delivery.ts'
import { Webhooks } from '../webhooks/webhooks.ts'
import type { AcceptanceContext } from './acceptance.ts'
import { Outputs, type OutputsContext } from './outputs.ts'
import type { StandIn, StandInContext } from './stand-in.ts'

/** What the routes of every provider build on. */
export interface StandInBase<OriginName extends string = string> extends AcceptanceContext {
  apiKey: string
  /** Readable only once the origins listen. */
  origins: Readonly<Record<OriginName, string>>
  invoice: Invoice
  requests: RequestLog
  /** Customers' uploads, by path. */
  files: ServedFiles
  outputs: Outputs
  refuse: Refuse
  routes(origin: OriginName, options: Pick<RoutesContext, 'authorization' | 'withoutKeys' | 'notFound'>): Routes
}

/** How one provider differs from the others. */
export interface ProviderDefinition<OriginName extends string> {
  id: string
  /** The environment variable from which the bot reads the key. */
  keyVariable: string
  apiKey: string
  behavior: Partial<Behavior>
  refuse: (...refused: [...Parameters<Refuse>, Behavior]) => Response
  outputs: { origin: NoInfer<OriginName>; path: OutputsContext['path']; keptMs?: number }
  webhookForm: (base: Omit<StandInBase<OriginName>, 'webhooks' | 'routes'>) => WebhookForm
  /** The routes of each origin, in the order of their ports. */
  routes: (base: StandInBase<OriginName>) => Record<OriginName, OriginRoutes>
}

/**
 * Creates a stand-in and listens at its origins.
 * @throws when a port is taken
 */
export async function createStandIn<OriginName extends string>(
  { clock, clips, seed, port, receiverNow, outside, keepOutputs, unlimited }: StandInContext,
  provider: ProviderDefinition<OriginName>,
): Promise<StandIn<OriginName>> {
  const { id, apiKey } = provider
  const behavior = createBehavior({ ...provider.behavior, ...(unlimited && noLimits) })
  const refuse = withRetryAfter((fault, call) => provider.refuse(fault, call, behavior), behavior)
  const prices = listPrices()
  const invoice = new Invoice()
  const faults = new Faults()
  const requests = new RequestLog()
  const files = new ServedFiles(clock)
  // Filled in below: the ports are known once the origins listen.
  const origins = {} as Record<OriginName, string>
  const ownFile = (url: URL) => (Object.values(origins).includes(url.origin) ? files.get(url.pathname)?.bytes : undefined)
  const images = (url: URL) => ownFile(url) ?? outside(url)
  const outputs = new Outputs({
    ...provider.outputs,
    ...(keepOutputs && { keptMs: Infinity }),
    clock,
    faults,
    origin: () => origins[provider.outputs.origin],
  })
  const jobs = new Jobs({ providerId: id, clock, clips, behavior, prices, invoice, images, seed })
  const parts = { id, apiKey, origins, clock, behavior, invoice, jobs, faults, requests, files, outputs, refuse }
  const form = provider.webhookForm(parts)
  const webhooks = new Webhooks({ providerId: id, clock, behavior, faults, jobs, form, seed, receiverNow })
  const routes: StandInBase<OriginName>['routes'] = (origin, options) =>
    createRoutes({ origin, faults, requests, refuse, invoice, webhooks, ...options })
  const servers = new Origins(provider.routes({ ...parts, webhooks, routes }), port)
  await servers.listen()
  Object.assign(origins, servers.addresses())
  return {
    ...parts,
    keyVariable: provider.keyVariable,
    webhooks,
    prices,
    refuseConnections: (...names) => servers.close(...names),
    acceptConnections: (...names) => servers.listen(...names),
    stop: async () => {
      jobs.close()
      webhooks.close()
      await servers.close()
    },
  }
}
